// <details class="menu">: one open at a time, closes on Escape, on a click elsewhere and after a choice; arrows move.
const open = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) {
    const chosen = event.target.closest(".menu-list a, .menu-list button:not([data-set-theme])");
    if (!menu.contains(event.target) || chosen) menu.open = false;
  }
});
// Inside a box that scrolls, a list would be cut off: it is laid over the page, upwards where there is no room below.
document.addEventListener(
  "toggle",
  ({ target: menu }) => {
    const list = menu.matches?.(".table-wrap details.menu[open]") && menu.querySelector(".menu-list");
    if (!list) return;
    const at = menu.getBoundingClientRect();
    const up = at.bottom + list.offsetHeight + 8 > innerHeight;
    const left = Math.max(8, at.right - list.offsetWidth);
    list.style.cssText = `position:fixed;inset:${up ? at.top - list.offsetHeight - 4 : at.bottom + 4}px auto auto ${left}px`;
  },
  true,
);
document.addEventListener("scroll", () => open().forEach((menu) => menu.closest(".table-wrap") && (menu.open = false)), true);
document.addEventListener("focusout", (event) => {
  const menu = event.target.closest("details.menu[open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu") || open()[0];
  if (!menu?.open) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const choices = [...menu.querySelectorAll(".menu-list :is(a, button)")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    const at = choices.indexOf(document.activeElement);
    choices.at(at < 0 && step < 0 ? -1 : (at + step) % choices.length)?.focus();
    event.preventDefault();
  }
});
