// The labels of a choice question: one row each, or one line each where there are many.
import { field, h, icon, iconButton, sortable } from "./dom.js";

// Above this, rows would make the page slow: the labels are edited as lines of text.
const MOST_ROWS = 150;
const opened = new Set();

export function labelsEditor(editor, question, path) {
  const { draft } = editor;
  const many = question.labels.length > MOST_ROWS;
  const list = many ? null : h("ol", { class: "builder-labels" }, question.labels.map((label, at) => row(editor, question, label, at, path)));
  if (list) sortable(list, (from, to) => draft.change(() => question.labels.splice(to, 0, ...question.labels.splice(from, 1))));
  const add = h("button", { type: "button", class: "btn btn-sm", "data-path": `${path}.add`, onclick: () => addLabel(editor, question, path) }, icon("plus"), "Add label");
  return h("fieldset", { class: "stack stack-sm" },
    h("legend", { class: "label" }, `Labels (${question.labels.length.toLocaleString("en")})`),
    h("ul", { class: "errorlist", "data-faults": `${path}.labels` }),
    many ? lines(editor, question, path) : list,
    h("div", { class: "row top-align" }, !many && add, !many && paste(editor, question)));
}

function row(editor, question, label, at, path) {
  const { draft } = editor;
  const own = `${path}.labels.${at}`;
  const count = question.labels.length;
  const name = label.title || label.value || `label ${at + 1}`;
  const move = (to) => {
    if (to < 0 || to >= count) return;
    draft.change(() => question.labels.splice(to, 0, ...question.labels.splice(at, 1)));
    editor.root.querySelector(`[data-path="${path}.labels.${to}.value"]`)?.focus();
    editor.say(`Moved to place ${to + 1} of ${count}.`);
  };
  const value = editor.input(label, "value", `${own}.value`, { maxlength: 200, placeholder: `Label ${at + 1}`, "aria-label": `Label ${at + 1}` });
  value.addEventListener("keydown", (event) => {
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      move(at + (event.key === "ArrowUp" ? -1 : 1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      addLabel(editor, question, path, at + 1);
    }
  });
  const key = h("input", {
    type: "text", class: "input-key", maxlength: 1, autocomplete: "off", value: label.hotkey || "", "data-path": `${own}.hotkey`, "aria-label": `Key of ${name}`, title: "The key that chooses this label; empty: assigned",
    oninput: (event) => {
      label.hotkey = event.target.value.trim().toLowerCase() || null;
      draft.touched();
    },
  });
  const isOpen = opened.has(label.id);
  const more = iconButton("edit", `Title and help of ${name}`, () => {
    isOpen ? opened.delete(label.id) : opened.add(label.id);
    editor.draw();
    editor.afterDraw?.();
  }, { "aria-expanded": String(isOpen), "data-path": `${own}.more` });
  return h("li", { class: "builder-label", "data-row": true },
    h("div", { class: "builder-label-row" },
      h("span", { class: "grip", draggable: "true", title: "Drag to another place" }, icon("grip")),
      colors(editor, label, name, own), value, key, more,
      iconButton("arrow-up", `Move ${name} up`, () => move(at - 1), { disabled: at === 0, class: "btn btn-ghost btn-icon btn-sm wide-only" }),
      iconButton("arrow-down", `Move ${name} down`, () => move(at + 1), { disabled: at === count - 1, class: "btn btn-ghost btn-icon btn-sm wide-only" }),
      iconButton("close", `Delete ${name}`, () => remove(editor, question, at, path), { disabled: count === 1 })),
    h("ul", { class: "errorlist", "data-faults": own }),
    isOpen && details(editor, label, own, { move, at, count }));
}

function details(editor, label, own, { move, at, count }) {
  const noKey = h("input", { type: "checkbox", checked: label.hotkey === "", onchange: (event) => editor.draft.change(() => (label.hotkey = event.target.checked ? "" : null)) });
  return h("div", { class: "builder-details stack stack-sm" },
    h("div", { class: "fields" },
      field("Title", editor.input(label, "title", `${own}.title`, { maxlength: 200, placeholder: label.value }), { help: "What annotators see, if it is not the label itself." }),
      field("Help", editor.input(label, "help", `${own}.help`, { rows: 1, maxlength: 1000 }), { optional: true })),
    h("label", { class: "check" }, noKey, h("span", {}, "No key for this label")),
    h("div", { class: "row" },
      h("button", { type: "button", class: "btn btn-sm", disabled: at === 0, onclick: () => move(at - 1) }, icon("arrow-up"), "Up"),
      h("button", { type: "button", class: "btn btn-sm", disabled: at === count - 1, onclick: () => move(at + 1) }, icon("arrow-down"), "Down")));
}

function colors(editor, label, name, own) {
  const dot = h("span", { class: `dot c-${label.color}` });
  const words = () => `Colour of ${name}: ${label.color}`;
  const summary = h("summary", { class: "builder-color", "aria-label": words(), "data-path": `${own}.color` }, dot);
  // Not drawn anew: by the arrow keys one passes several colours before the right one.
  const choose = (color) => {
    label.color = color;
    dot.className = `dot c-${color}`;
    summary.setAttribute("aria-label", words());
    editor.draft.touched();
  };
  const swatch = (color) => h("label", { class: `swatch c-${color}`, title: color },
    h("input", { type: "radio", name: `color-${label.id}`, value: color, checked: label.color === color, onchange: () => choose(color) }), h("span", { class: "sr" }, color));
  const swatches = h("div", { class: "menu-list builder-swatches", role: "radiogroup", "aria-label": `Colour of ${name}` }, editor.config.colors.map(swatch));
  return h("details", { class: "menu menu-start" }, summary, swatches);
}

function addLabel(editor, question, path, at = question.labels.length) {
  const label = editor.draft.newLabel(question.labels);
  editor.draft.change(() => question.labels.splice(at, 0, label));
  editor.root.querySelector(`[data-path="${path}.labels.${at}.value"]`)?.focus();
}

function remove(editor, question, at, path) {
  const [label] = question.labels.slice(at, at + 1);
  editor.draft.change(({ questions }) => {
    question.labels.splice(at, 1);
    for (const other of questions) {
      if (other.when?.of === question.id) other.when.any_of = other.when.any_of.filter((id) => id !== label.id);
    }
  });
  editor.root.querySelector(`[data-path="${path}.labels.${Math.min(at, question.labels.length - 1)}.value"]`)?.focus();
  editor.onDelete(`The label “${label.title || label.value || "without a name"}” is deleted.`);
}

function paste(editor, question) {
  const text = h("textarea", { rows: 4, placeholder: "sport\npolitics\nscience", "aria-label": "Labels, one per line" });
  const add = () => {
    const known = new Set(question.labels.map((label) => label.value.trim()));
    const values = [...new Set(linesOf(text.value))].filter((value) => !known.has(value));
    if (!values.length) return;
    editor.draft.change(() => {
      // Rows that nobody has filled in make room.
      question.labels = question.labels.filter((label) => label.value.trim());
      for (const value of values) question.labels.push(editor.draft.newLabel(question.labels, value));
    });
    editor.say(`${values.length} labels added.`);
  };
  return h("details", { class: "disclosure grow" }, h("summary", {}, "Paste many"),
    h("div", { class: "stack stack-sm" }, text, h("div", {}, h("button", { type: "button", class: "btn btn-sm", onclick: add }, "Add these labels"))));
}

function lines(editor, question, path) {
  let timer;
  const read = () => {
    const before = new Map(question.labels.map((label) => [label.value, label]));
    question.labels = linesOf(text.value).map((value, at) => before.get(value) || editor.draft.newLabel(new Array(at), value));
    editor.draft.touched();
  };
  // Thousands of lines are not read anew at every stroke.
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(read, 250);
  };
  const text = h("textarea", {
    rows: 12, class: "mono builder-lines", "data-path": `${path}.labels`, value: question.labels.map((label) => label.value).join("\n"), oninput: later,
    onchange: () => {
      clearTimeout(timer);
      read();
    },
  });
  return field("One label per line", text, { help: "Colours, keys and titles of labels that stay are kept; a line that changes is a new label." });
}

const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
