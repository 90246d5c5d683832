// The draft: what is edited, kept in this browser until it is published. No element is touched here.
import { mappingOf } from "./mapping.js";

let last = 0;
const newId = () => `${Date.now().toString(36)}-${(++last).toString(36)}`;
const MOST_UNDO = 50;
// Drafts of another shape, kept by an older or newer page, are not read.
const SHAPE = 1;

/** The options of each type, beside what all questions have. */
const OPTIONS = {
  single_choice: [],
  multiple_choice: ["min_choices", "max_choices"],
  rating: ["min", "max", "min_text", "max_text"],
  number: ["min", "max", "step", "unit"],
  text: ["max_length", "multiline"],
};
export const hasLabels = (question) => question.type.endsWith("_choice");

/** A name for a question or field: letters, digits and underscores. */
export function slug(words) {
  const plain = words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return (/^\d/.test(plain) ? `q_${plain}` : plain).slice(0, 48);
}

export class Draft {
  constructor(config) {
    this.config = config;
    this.key = `schema-draft:${config.user}:${config.project}`;
    this.base = config.base || { version: 0, fields: [], questions: [] };
    this.listeners = [];
    this.past = [];
    this.kept = true;
    this.restored = null;
    this.state = this.#stored() || this.#fresh(config.from || this.base);
  }

  /** fn(structural): after each change; structural when the editor must be drawn again. */
  onChange(fn) {
    this.listeners.push(fn);
  }

  get questions() {
    return this.state.questions;
  }

  get fields() {
    return this.state.fields;
  }

  /** Tell that something was typed. */
  touched() {
    this.#store();
    for (const listener of this.listeners) listener(false);
  }

  /** Make a change that redraws the editor and can be undone. */
  change(make) {
    this.past.push(JSON.stringify(this.state));
    if (this.past.length > MOST_UNDO) this.past.shift();
    make(this.state);
    this.#store();
    for (const listener of this.listeners) listener(true);
  }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    this.state = JSON.parse(before);
    this.#store();
    for (const listener of this.listeners) listener(true);
  }

  discard() {
    this.forget();
    this.restored = null;
    this.past = [];
    this.state = this.#fresh(this.base);
    for (const listener of this.listeners) listener(true);
  }

  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      // Storage is switched off: there is nothing to forget.
    }
  }

  isChanged() {
    return JSON.stringify(this.schema()) !== JSON.stringify(exported(this.#fresh(this.base)));
  }

  /** As REST takes it. */
  schema() {
    return exported(this.state);
  }

  mapping() {
    return mappingOf(this.base, this.state);
  }

  /** Replace everything by hand-written JSON; what has the name of something old continues it. */
  load(schema) {
    this.change((state) => Object.assign(state, this.#fresh(schema), { note: state.note }));
  }

  newQuestion(type, from = {}) {
    const labels = hasLabels({ type }) ? [this.newLabel([]), this.newLabel([0])] : [];
    return { id: newId(), was: null, named: false, name: "", type, title: "", help: "", required: true, when: null, labels, ...from };
  }

  /** A label with a colour that its neighbours lack. */
  newLabel(others, value = "") {
    const { rotation } = this.config;
    return { id: newId(), was: null, value, title: "", help: "", hotkey: null, color: rotation[others.length % rotation.length] };
  }

  /** Questions as REST has them, as editable ones; references become ids so that renaming keeps them. */
  adopt(questions, before = []) {
    const adopted = questions.map((question) => this.#adoptOne(question, before));
    adopted.forEach((question, position) => {
      const when = questions[position].show_when;
      const parent = when && adopted.slice(0, position).find((other) => other.name === when.question);
      question.when = parent ? conditionOf(when, parent) : null;
    });
    return adopted;
  }

  #adoptOne(question, before) {
    const old = before.find((other) => other.name === question.name);
    const values = new Set((old?.labels || []).map((label) => label.value));
    const { show_when: _, ...plain } = question;
    const labels = (Array.isArray(question.labels) ? question.labels : []).map((label, position) => ({
      ...this.newLabel(new Array(position), String(label.value ?? "")),
      ...Object.fromEntries(Object.entries(label).filter(([, value]) => value !== null && value !== undefined)),
      was: values.has(label.value) ? label.value : null,
    }));
    return { ...this.newQuestion(question.type), ...plain, named: true, was: old ? old.name : null, required: question.required ?? true, labels };
  }

  #fresh({ fields, questions }) {
    return {
      version: this.base.version,
      fields: structuredClone(fields || []),
      questions: this.adopt(questions || [], this.base.questions),
      decisions: {},
      note: "",
    };
  }

  #stored() {
    let stored;
    try {
      stored = JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
    if (stored?.shape !== SHAPE || this.config.from) return null;
    const state = stored.state;
    this.restored = { at: stored.at, version: state.version };
    if (state.version === this.base.version) return state;
    // Somebody published meanwhile: go on from their version, and what has the same name continues.
    return { ...this.#fresh(exported(state)), note: state.note };
  }

  #store() {
    try {
      if (this.isChanged()) localStorage.setItem(this.key, JSON.stringify({ shape: SHAPE, at: Date.now(), state: this.state }));
      else localStorage.removeItem(this.key);
      this.kept = true;
    } catch {
      this.kept = false;
    }
  }
}

function conditionOf(when, parent) {
  if (when.answered) return { of: parent.id, answered: true, any_of: [] };
  const byValue = new Map(parent.labels.map((label) => [label.value, label.id]));
  return { of: parent.id, answered: false, any_of: (when.any_of || []).map((value) => byValue.get(value) ?? String(value)) };
}

function exported(state) {
  return { fields: state.fields, questions: state.questions.map((question) => plain(question, state.questions)) };
}

function plain(question, all) {
  const found = { name: question.name, type: question.type };
  if (question.title) found.title = question.title;
  if (question.help) found.help = question.help;
  if (!question.required) found.required = false;
  const when = showWhen(question, all);
  if (when) found.show_when = when;
  for (const option of OPTIONS[question.type] || []) {
    if (question[option] !== undefined && question[option] !== null && question[option] !== "") found[option] = question[option];
  }
  // Keys of a scale are written as JSON only; on a scale of another length they mean nothing.
  const points = (question.max ?? 5) - (question.min ?? 1) + 1;
  if (question.type === "rating" && question.hotkeys?.length === points && question.hotkeys.some((key) => key !== null)) found.hotkeys = question.hotkeys;
  if (hasLabels(question)) found.labels = question.labels.map(plainLabel);
  return found;
}

function plainLabel(label) {
  const found = { value: label.value.trim() };
  if (label.title) found.title = label.title;
  if (label.hotkey !== null) found.hotkey = label.hotkey;
  if (label.color) found.color = label.color;
  if (label.help) found.help = label.help;
  return found;
}

function showWhen(question, all) {
  const parent = question.when && all.find((other) => other.id === question.when.of);
  if (!parent) return null;
  if (question.when.answered) return { question: parent.name, answered: true };
  const byId = new Map(parent.labels.map((label) => [label.id, label.value]));
  const values = question.when.any_of.filter((one) => byId.has(one) || !hasLabels(parent));
  return { question: parent.name, any_of: values.map((one) => byId.get(one) ?? Number(one)) };
}
