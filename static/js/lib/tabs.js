// On a narrow screen the tabs scroll: the lit one starts in view.
for (const lit of document.querySelectorAll(".tabs > [aria-current]")) {
  const tabs = lit.parentElement;
  tabs.scrollLeft = lit.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - lit.offsetWidth) / 2;
}
