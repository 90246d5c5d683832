// Faults beside the controls that they are about.
import { h } from "./dom.js";

/** Show faults in the editor; `open(path)` goes to one of them from the summary. */
export function showFaults(root, summary, faults, open) {
  for (const control of root.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
  root.querySelectorAll("[data-faults]").forEach((list) => list.replaceChildren());
  for (const { path, message } of faults) mark(root, path, message);
  const rows = faults.slice(0, 5).map(({ path, message }) => h("li", {}, h("button", { type: "button", class: "link", onclick: () => open(path) }, `${place(path)}: ${message}`)));
  const more = faults.length > 5 && h("li", {}, `And ${faults.length - 5} more.`);
  summary.hidden = faults.length === 0;
  summary.querySelector("ul").replaceChildren(...rows, more || "");
}

function mark(root, path, message) {
  const control = root.querySelector(`[data-path="${CSS.escape(path.join("."))}"]`);
  // An empty field that has the focus is about to be filled in.
  if (control && control === document.activeElement && !control.value) return;
  if (control?.matches("input, select, textarea")) control.setAttribute("aria-invalid", "true");
  for (let length = path.length; length > 0; length -= 1) {
    const list = root.querySelector(`[data-faults="${CSS.escape(path.slice(0, length).join("."))}"]`);
    if (list) {
      const words = length < path.length - 1 || list.childElementCount ? `${path.slice(length).filter((part) => typeof part === "string").pop() || ""}: ${message}` : message;
      list.append(h("li", {}, words.replace(/^: /, "")));
      return;
    }
  }
}

function place(path) {
  const [part, position, inner, label] = path;
  if (part === "fields") return position === undefined ? "Fields" : `Field ${position + 1}`;
  if (part !== "questions" || position === undefined) return "Questions";
  return `Question ${position + 1}${inner === "labels" && label !== undefined ? `, label ${label + 1}` : ""}`;
}
