// What the latest model says of the item: shown beside the form and marked in it, never answered by itself.
import { said } from "./teach.js";

const $ = (id) => document.getElementById(id);
const percent = (share) => (share === null ? "no score" : `${Math.round(share * 100)} %`);

export class Suggest {
  #values = null;

  constructor(questions, form) {
    Object.assign(this, { questions, form, strip: $("suggestion"), button: $("suggestion").querySelector("button") });
  }

  /** {question: value} of what is suggested now, or null. */
  get values() {
    return this.#values;
  }

  /** suggestion: {question: {value, confidence, source, version}}, or null. */
  show(suggestion) {
    const told = this.questions.filter(({ name }) => suggestion?.[name]);
    this.#values = told.length ? Object.fromEntries(told.map(({ name }) => [name, suggestion[name].value])) : null;
    this.form.mark(this.#values);
    this.strip.hidden = !told.length;
    if (!told.length) return;
    const versions = [...new Set(told.map(({ name }) => suggestion[name].version))];
    const [by, words] = this.strip.querySelectorAll("[data-part]");
    by.textContent = `Suggested by model version ${versions.join(" and ")}`;
    words.textContent = told.map((question) => line(question, suggestion[question.name], told.length > 1)).join(" · ");
    $("live").textContent = `${by.textContent}: ${words.textContent}`;
  }

  /** Whether an answer says what is suggested, for the button to tell. */
  compare(answer) {
    const same = this.#values && Object.entries(this.#values).every(([name, value]) => plain(answer[name]) === plain(value));
    this.button.setAttribute("aria-pressed", String(Boolean(same)));
  }
}

function line(question, { value, confidence }, several) {
  return `${several ? `${question.title}: ` : ""}${said(question, value)}, ${percent(confidence)}`;
}

const plain = (value) => JSON.stringify(Array.isArray(value) ? [...value].sort() : value);
