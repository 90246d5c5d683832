// data-copy="text", or data-copy="#id" for the text of an element.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || button.dataset.copied) return;
  const source = button.dataset.copy;
  const element = source.startsWith("#") && document.querySelector(source);
  const text = element ? (element.value ?? element.textContent).trim() : source;
  const words = button.querySelector("[data-words]") || button;
  const before = words.textContent;
  button.dataset.copied = "yes";
  try {
    await navigator.clipboard.writeText(text);
    words.textContent = "Copied";
  } catch {
    if (element) getSelection().selectAllChildren(element);
    words.textContent = "Press Ctrl+C";
  }
  setTimeout(() => {
    words.textContent = before;
    delete button.dataset.copied;
  }, 1600);
});
