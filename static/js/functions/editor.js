// Writing a labeling function: rules, conditions and tests come and go, number keys choose labels, faults stand at their controls.
import { typing } from "../lib/keys.js";

const form = document.getElementById("function-form");
const feedback = document.getElementById("feedback");
const status = () => document.getElementById("feedback-status");
const OFF = "hotkeys-off";
let keys = 1000;

const changed = () => form.dispatchEvent(new CustomEvent("parts-changed", { bubbles: true }));

/** A rule or a test as the server draws it, under a key that no other has; a condition: the one before it, emptied. */
function added(kind, button) {
  if (kind === "condition") {
    const last = button.closest("[data-conditions]").querySelector("[data-part]:last-of-type");
    const row = last.cloneNode(true);
    row.querySelectorAll("input").forEach((input) => (input.value = ""));
    row.querySelectorAll("select").forEach((select) => (select.selectedIndex = 0));
    return row;
  }
  const holder = document.createElement("div");
  holder.innerHTML = form.querySelector(`template[data-blank="${kind}"]`).innerHTML.replaceAll("__key__", String(keys++));
  return holder.querySelector("[data-part]");
}

form?.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]");
  const remove = event.target.closest("[data-remove]");
  if (add) {
    const scope = add.closest("[data-conditions], section, form");
    const place = scope.querySelector(":scope > [data-parts]") ?? form.querySelector("[data-parts]");
    const part = added(add.dataset.add, add);
    place.append(part);
    part.querySelector("input:not([type=hidden]), select, textarea").focus();
  } else if (remove) {
    const part = remove.closest("[data-part]");
    const next = part.nextElementSibling ?? part.previousElementSibling;
    // The last one is emptied, so that there is always one to write in.
    if (!next) return empty(part);
    part.remove();
    (next.querySelector("input:not([type=hidden]), textarea") ?? next).focus();
    changed();
  }
});

function empty(part) {
  part.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox]), textarea").forEach((input) => (input.value = ""));
  part.querySelectorAll(":checked[type=radio]").forEach((input) => (input.checked = false));
  changed();
}

// 1 to 9 choose the label of the rule that has the focus, else of the last one; with Alt also while somebody types.
document.addEventListener("keydown", (event) => {
  if (!form || !/^Digit[1-9]$/.test(event.code) || event.ctrlKey || event.metaKey || localStorage.getItem(OFF)) return;
  if (document.querySelector("dialog[open]") || (!event.altKey && typing(event))) return;
  const rules = [...form.querySelectorAll("[data-labels]")];
  const here = document.activeElement?.closest?.("[data-part], form")?.querySelector?.("[data-labels]");
  const radio = (here ?? rules.at(-1))?.querySelector(`[data-key="${event.code.slice(-1)}"]`);
  if (!radio) return;
  event.preventDefault();
  radio.checked = true;
  radio.dispatchEvent(new Event("input", { bubbles: true }));
});

// What the server says of each control: read out with it, and seen at it.
function mark() {
  for (const list of form.querySelectorAll(".errorlist[id]")) {
    for (const control of form.querySelectorAll(`[aria-describedby~="${CSS.escape(list.id)}"]`)) {
      if (control.matches("fieldset")) continue;
      if (list.children.length) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
  }
}
document.addEventListener("htmx:oobAfterSwap", () => form && mark());
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== feedback) return;
  mark();
  // Nothing was told yet, and nothing is on its way: what stood for it goes.
  if (feedback.querySelector(".skeleton")) feedback.replaceChildren();
});

// Nobody is told by a message for every letter that the server is away: it stands beside the figures.
function away(event) {
  event.stopPropagation();
  const place = status();
  place.textContent = "No answer from the server; these are the figures of before.";
  place.dataset.stale = "";
}
feedback?.addEventListener("htmx:sendError", away);
feedback?.addEventListener("htmx:responseError", away);
