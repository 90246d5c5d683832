// The labeling form: drawn by templates/annotation/questions/form.html, brought to life here.
import * as multiple_choice from "./multiple_choice.js";
import * as number from "./number.js";
import * as rating from "./rating.js";
import * as single_choice from "./single_choice.js";
import * as text from "./text.js";

/** Type name to module. Each exports attach(element, question, changed), which returns a widget:
 * read() → value or null; write(value or null); said() → the values that show_when compares, as strings;
 * fault() → what is wrong with what was entered, or ""; press(key, repeat) → whether the key was used; focus(). */
export const WIDGETS = { single_choice, multiple_choice, rating, number, text };

const TEXT_FIELD = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

export class AnswerForm {
  #parts;
  #root;
  #onChange;
  #marked = [];

  /** root holds the rendered form; questions are the normalized ones that it was rendered from. */
  constructor(root, questions, { onChange = () => {} } = {}) {
    this.#root = root;
    this.#onChange = onChange;
    this.#parts = questions.map((question) => {
      const element = root.querySelector(`[data-question="${question.name}"]`);
      const changed = () => this.#changed(question.name);
      return { question, element, widget: WIDGETS[question.type].attach(element, question, changed) };
    });
    this.#show();
  }

  /** {question: value} of the questions that are asked now and have an answer. */
  value() {
    const answer = {};
    for (const { question, element, widget } of this.#parts) {
      const value = element.hidden ? null : widget.read();
      if (value !== null) answer[question.name] = value;
    }
    return answer;
  }

  /** Show an answer (null: none); what is no longer asked or no longer a label is left out. Not told to onChange. */
  set(answer) {
    for (const { question, element, widget } of this.#parts) {
      widget.write(answer?.[question.name] ?? null);
      tell(element, "");
    }
    this.#show();
  }

  /** Mark the choices that say these things ({question: value} or null), without answering. */
  mark(values) {
    for (const label of this.#marked) label.removeAttribute("data-suggested");
    this.#marked = this.#parts.flatMap(({ question, element }) => {
      const wanted = new Set([values?.[question.name] ?? []].flat().map(String));
      const inputs = wanted.size ? [...element.querySelectorAll("input[type=radio], input[type=checkbox]")] : [];
      return inputs.filter((input) => wanted.has(input.value)).map((input) => input.closest("label"));
    });
    for (const label of this.#marked) label.setAttribute("data-suggested", "");
  }

  reset() {
    this.set(null);
  }

  /** [{question, message}] in form order; empty when the answer can be submitted. */
  faults() {
    const found = [];
    for (const { question, element, widget } of this.#parts) {
      if (element.hidden) continue;
      const missing = question.required && widget.read() === null ? "This question needs an answer." : "";
      const message = widget.fault() || missing;
      if (message) found.push({ question: question.name, message });
    }
    return found;
  }

  /** Show faults (own ones, or what the server says) beside their questions, and go to the first. */
  report(faults = this.faults()) {
    for (const { question, element } of this.#parts) {
      tell(element, faults.find((fault) => fault.question === question.name)?.message || "");
    }
    const first = this.#parts.find(({ question }) => question.name === faults[0]?.question);
    first?.element.scrollIntoView({ block: "nearest" });
    first?.widget.focus();
    return faults.length === 0;
  }

  focusFirst() {
    this.#parts.find(({ element }) => !element.hidden)?.widget.focus();
  }

  /** A key of the page: true when the form uses it, also when a focused control does so by itself. */
  handleKey(event) {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || target.closest?.(TEXT_FIELD)) return false;
    if (this.#root.contains(target) && target.matches(":focus-visible") && moves(target, event.key)) return true;
    const used = keysOf(event).some((key) =>
      this.#parts.some(({ element, widget }) => !element.hidden && widget.press(key, event.repeat)),
    );
    if (used) event.preventDefault();
    return used;
  }

  #changed(name) {
    const { element, widget } = this.#parts.find(({ question }) => question.name === name);
    tell(element, widget.fault());
    this.#show();
    this.#onChange(this.value());
  }

  // In order: a condition names an earlier question, and what is not asked says nothing.
  #show() {
    const said = new Map();
    for (const { question, element, widget } of this.#parts) {
      const when = question.show_when;
      const parent = when && said.get(when.question);
      const asked = !when || (when.answered ? parent?.length > 0 : when.any_of.some((value) => parent?.includes(String(value))));
      element.hidden = !asked;
      said.set(question.name, asked ? widget.said() : []);
    }
  }
}

function tell(element, message) {
  const place = element.querySelector("[data-fault]");
  if (place.textContent !== message) place.textContent = message;
  element.toggleAttribute("data-faulty", Boolean(message));
}

// Space chooses a focused radio or checkbox, arrows move between radios: the browser does it, the page must not.
function moves(target, key) {
  return target.matches("input") && (key === " " || (target.type === "radio" && key.startsWith("Arrow")));
}

// Where digits need Shift (French keyboards), the bare digit key counts as its digit.
function keysOf(event) {
  const digit = /^Digit(\d)$/.exec(event.code || "")?.[1];
  const key = event.key.toLowerCase();
  return digit && digit !== key && !event.shiftKey ? [key, digit] : [key];
}
