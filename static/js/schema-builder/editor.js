// The list of questions; the open one can be edited. Drawn anew when its shape changes, not while somebody types.
import { check, field, h, icon, iconButton, select, sortable } from "./dom.js";
import { hasLabels, slug } from "./draft.js";
import { labelsEditor } from "./labels.js";
import { options } from "./options.js";

export class Editor {
  constructor(root, draft, { config, say, onDelete }) {
    Object.assign(this, { root, draft, config, say, onDelete });
    this.open = draft.questions[0]?.id;
    this.draw();
  }

  /** Draw all; the focus stays on the control that is in the same place. */
  draw() {
    const focused = document.activeElement?.dataset?.path;
    const rows = this.draft.questions.map((question, position) => this.#row(question, position));
    const list = h("ol", { class: "builder-questions" }, rows);
    sortable(list, (from, to) => this.#move(from, to));
    this.root.replaceChildren(list, this.#add());
    if (focused) this.root.querySelector(`[data-path="${CSS.escape(focused)}"]`)?.focus();
  }

  show(id, path) {
    this.open = id;
    this.draw();
    const target = path && this.root.querySelector(`[data-path="${CSS.escape(path)}"]`);
    const row = this.root.querySelector(`[data-id="${id}"]`);
    (target || row?.querySelector("summary, button"))?.focus();
    row?.scrollIntoView({ block: "nearest" });
  }

  /** An input that writes into an object of the draft. */
  input(object, key, path, attributes = {}) {
    const { number, then, ...rest } = attributes;
    const oninput = (event) => {
      const { value } = event.target;
      object[key] = number ? toNumber(value) : value;
      then?.(value);
      this.draft.touched();
    };
    const tag = rest.rows ? "textarea" : "input";
    return h(tag, { type: tag === "input" && "text", autocomplete: "off", "data-path": path, ...rest, value: object[key] ?? "", oninput });
  }

  #row(question, position) {
    const path = `questions.${position}`;
    const isOpen = question.id === this.open;
    const title = question.title || question.name || "New question";
    const kind = this.config.types.find((type) => type.name === question.type)?.title || question.type;
    const words = h("span", { class: "truncate" }, title);
    const toggle = h("button", { type: "button", class: "builder-toggle", "aria-expanded": String(isOpen), onclick: () => this.#toggle(question.id) },
      h("span", { class: "muted tabular" }, `${position + 1}.`), words, h("span", { class: "badge" }, kind),
      question.when && h("span", { class: "badge c-violet" }, "conditional"),
      !question.required && h("span", { class: "badge" }, "optional"));
    const count = this.draft.questions.length;
    const head = h("div", { class: "builder-head" },
      h("span", { class: "grip", draggable: "true", title: "Drag to another place" }, icon("grip")), toggle,
      iconButton("arrow-up", `Move “${title}” up`, () => this.#move(position, position - 1), { disabled: position === 0, "data-path": `${path}.up` }),
      iconButton("arrow-down", `Move “${title}” down`, () => this.#move(position, position + 1), { disabled: position === count - 1, "data-path": `${path}.down` }),
      iconButton("copy", `Duplicate “${title}”`, () => this.#duplicate(position)),
      iconButton("trash", `Delete “${title}”`, () => this.#delete(position)));
    const faults = h("ul", { class: "errorlist", "data-faults": path });
    return h("li", { class: "card builder-question", "data-row": true, "data-id": question.id, "data-question-path": path }, head, faults, isOpen && this.#body(question, position, path, words));
  }

  #body(question, position, path, words) {
    const name = this.input(question, "name", `${path}.name`, { maxlength: 64, class: "mono", spellcheck: "false", then: () => (question.named = true) });
    const title = this.input(question, "title", `${path}.title`, {
      maxlength: 300,
      placeholder: "What is the sentiment?",
      then: (value) => {
        words.textContent = value || question.name || "New question";
        if (question.named) return;
        question.name = this.#unique(slug(value), question);
        name.value = question.name;
      },
    });
    const types = this.config.types.map((type) => [type.name, type.title]);
    const type = select(types, question.type, (value) => this.#retype(question, value), { "data-path": `${path}.type` });
    return h("div", { class: "builder-body stack" },
      field("Question", title),
      h("div", { class: "fields" }, field("Name", name, { help: "In exports and over REST." }), field("Type", type)),
      field("Help", this.input(question, "help", `${path}.help`, { rows: 2, maxlength: 2000 }), { optional: true }),
      hasLabels(question) && labelsEditor(this, question, path),
      options(this, question, path),
      h("div", { class: "stack stack-sm" },
        check("Required", question.required, (on) => this.draft.change(() => (question.required = on)), { role: "switch" }),
        this.#condition(question, position, path)));
  }

  #condition(question, position, path) {
    const earlier = this.draft.questions.slice(0, position);
    if (!earlier.length) return null;
    const parent = question.when && earlier.find((other) => other.id === question.when.of);
    const askedOf = (id) => this.draft.change(() => (question.when = id ? { of: id, answered: !valuesOf(earlier.find((other) => other.id === id)), any_of: [] } : null));
    const choices = [["", "always"], ...earlier.map((other) => [other.id, `depending on “${other.title || other.name}”`])];
    const asked = select(choices, parent?.id || "", askedOf, { "data-path": `${path}.show_when`, class: "input-auto", "aria-label": "Asked" });
    return h("fieldset", { class: "builder-when" },
      h("legend", { class: "label" }, "Asked"), asked, parent && this.#conditionValues(question, parent, path));
  }

  #conditionValues(question, parent, path) {
    const { when } = question;
    const values = valuesOf(parent);
    const how = (value) => this.draft.change(() => (when.answered = value === "answered"));
    const ways = values ? [["any_of", "when the answer is"], ["answered", "when it is answered at all"]] : [["answered", "when it is answered at all"]];
    const way = select(ways, when.answered ? "answered" : "any_of", how, { class: "input-auto", "aria-label": "When" });
    const toggle = (id, on) => {
      when.any_of = on ? [...when.any_of, id] : when.any_of.filter((other) => other !== id);
      this.draft.touched();
    };
    const boxes = (values || []).map(([id, words]) => check(words || "…", when.any_of.includes(id), (on) => toggle(id, on)));
    return [way, !when.answered && h("div", { class: "builder-values", "data-path": `${path}.show_when.any_of`, tabindex: "-1" }, boxes)];
  }

  #add() {
    const add = (type) => {
      const question = this.draft.newQuestion(type);
      this.open = question.id;
      this.draft.change((state) => state.questions.push(question));
      this.root.querySelector(`[data-id="${question.id}"] input`)?.focus();
    };
    const buttons = this.config.types.map((type) => h("button", { type: "button", class: "btn btn-sm", onclick: () => add(type.name) }, icon("plus"), type.title));
    return h("div", { class: "builder-add row", role: "group", "aria-label": "Add a question" }, h("span", { class: "muted small" }, "Add a question:"), buttons);
  }

  #toggle(id) {
    this.open = this.open === id ? null : id;
    this.draw();
    this.root.querySelector(`[data-id="${id}"] .builder-toggle`)?.focus();
    this.afterDraw?.();
  }

  #move(from, to) {
    if (to < 0 || to >= this.draft.questions.length) return;
    const id = this.draft.questions[from].id;
    this.draft.change(({ questions }) => questions.splice(to, 0, ...questions.splice(from, 1)));
    const row = this.root.querySelector(`[data-id="${id}"]`);
    row.querySelector(`[data-path$="${to < from ? "up" : "down"}"]:enabled, .builder-toggle`)?.focus();
    this.say(`Moved to place ${to + 1} of ${this.draft.questions.length}.`);
  }

  #duplicate(position) {
    const one = structuredClone(this.draft.questions[position]);
    const labels = one.labels.map((label) => ({ ...label, ...this.draft.newLabel([]), value: label.value, title: label.title, help: label.help, color: label.color }));
    const copy = this.draft.newQuestion(one.type, { ...one, id: undefined, was: null, labels });
    copy.id = this.draft.newQuestion("text").id;
    copy.name = this.#unique(one.name, copy);
    this.open = copy.id;
    this.draft.change((state) => state.questions.splice(position + 1, 0, copy));
    this.show(copy.id);
  }

  #delete(position) {
    const question = this.draft.questions[position];
    this.draft.change((state) => {
      state.questions.splice(position, 1);
      for (const other of state.questions) if (other.when?.of === question.id) other.when = null;
    });
    const next = this.draft.questions[Math.min(position, this.draft.questions.length - 1)];
    this.root.querySelector(next ? `[data-id="${next.id}"] .builder-toggle` : ".builder-add button")?.focus();
    this.onDelete(`The question “${question.title || question.name || "without a name"}” is deleted.`);
  }

  #retype(question, type) {
    this.draft.change((state) => {
      question.type = type;
      if (hasLabels(question) && !question.labels.length) question.labels = this.draft.newQuestion(type).labels;
      for (const other of state.questions) {
        if (other.when?.of === question.id) other.when = { ...other.when, any_of: [], answered: !valuesOf(question) };
      }
    });
  }

  #unique(name, own) {
    if (!name) return "";
    const taken = new Set(this.draft.questions.filter((other) => other !== own).map((other) => other.name));
    for (let count = 1; ; count += 1) {
      const tried = count === 1 ? name : `${name}_${count}`;
      if (!taken.has(tried)) return tried;
    }
  }
}

/** [[id, words]] of what a condition can name; null where only "answered" makes sense. */
function valuesOf(question) {
  if (hasLabels(question)) return question.labels.map((label) => [label.id, label.title || label.value]);
  if (question.type !== "rating") return null;
  const [least, most] = [Number(question.min ?? 1), Number(question.max ?? 5)];
  return Array.from({ length: Math.max(0, Math.min(21, most - least + 1)) }, (_, position) => [String(least + position), String(least + position)]);
}

/** A number where the words are one; else the words, for the server to refuse. */
function toNumber(value) {
  const words = value.trim().replace(",", ".");
  return words === "" ? null : Number.isFinite(Number(words)) ? Number(words) : words;
}
