// ? shows the shortcuts, / goes to the search field, data-hotkey="n" on a link or button presses it.
// Silent in text fields and under dialogs, and switched off in the list itself (WCAG 2.1.4).
const KEY = "hotkeys-off";
const list = document.querySelector("[data-hotkey-list]");

/** Whether a key pressed now is text that somebody types, or belongs to a dialog or to the browser. */
export function typing(event) {
  return (
    event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey ||
    event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") ||
    document.querySelector("dialog[open]")
  );
}

function describe() {
  if (!list) return;
  list.querySelectorAll("[data-found]").forEach((element) => element.remove());
  for (const element of document.querySelectorAll("[data-hotkey]")) {
    const [term, detail, key] = ["dt", "dd", "kbd"].map((name) => document.createElement(name));
    key.textContent = element.dataset.hotkey;
    detail.textContent = element.dataset.hotkeyName || element.textContent.trim();
    term.dataset.found = detail.dataset.found = "";
    term.append(key);
    list.append(term, detail);
  }
}

document.addEventListener("keydown", (event) => {
  if (typing(event) || localStorage.getItem(KEY)) return;
  const target =
    event.key === "?" ? document.querySelector("[data-dialog=shortcuts]")
    : event.key === "/" ? document.querySelector("[data-search]")
    : document.querySelector(`[data-hotkey="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (event.key === "?") describe();
  if (event.key === "/") target.focus();
  else target.click();
});
document.addEventListener("click", (event) => event.target.closest("[data-dialog=shortcuts]") && describe());

const control = document.querySelector("[data-hotkeys-switch]");
if (control) control.checked = !localStorage.getItem(KEY);
control?.addEventListener("change", () => (control.checked ? localStorage.removeItem(KEY) : localStorage.setItem(KEY, "1")));
