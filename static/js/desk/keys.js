// Names of keys, and to whom a key press belongs. Key names are "s", "Shift+s", "Mod+z" (Ctrl or Cmd), "Space".
const ALONE = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Dead", "Process", "Unidentified"]);
const OFF = "hotkeys-off"; // the switch that all pages share (WCAG 2.1.4)

export function nameOf(event) {
  if (ALONE.has(event.key)) return "";
  const letter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
  const key = event.key === " " ? "Space" : letter ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && (letter || key.length > 1);
  return `${event.ctrlKey || event.metaKey ? "Mod+" : ""}${event.altKey ? "Alt+" : ""}${shift ? "Shift+" : ""}${key}`;
}

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const SHORT = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Mod: MAC ? "⌘" : "Ctrl", Escape: "Esc" };
/** As it is printed on a key. */
export const printed = (name) =>
  name.split(/(?<=.)\+/).map((part) => SHORT[part] || (part.length === 1 ? part.toUpperCase() : part)).join(" ");

export function singleKeysOff() {
  try {
    return Boolean(localStorage.getItem(OFF));
  } catch {
    return false;
  }
}

export const inText = (target) => Boolean(target.closest?.("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]"));

/** Whether the browser itself has a use for this key where the focus is. */
export function native(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if ((key === "Enter" || key === " ") && target.closest?.("button, a[href], summary")) return true;
  // A radio that was clicked keeps the focus without showing it: there the keys are still those of the page.
  if (!target.matches?.("input:focus-visible")) return false;
  return key === " " || (key.startsWith("Arrow") && target.type !== "checkbox");
}
