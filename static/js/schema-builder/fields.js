// Which keys of an item are shown, and as what.
import { field, h, icon, iconButton, select, sortable } from "./dom.js";

export class Fields {
  constructor(root, draft, { config, say, onDelete }) {
    Object.assign(this, { root, draft, config, say, onDelete });
    this.draw();
  }

  draw() {
    const focused = document.activeElement?.dataset?.path;
    const { fields } = this.draft;
    const list = h("ol", { class: "builder-fields" }, fields.map((one, at) => this.#row(one, at)));
    sortable(list, (from, to) => this.#move(from, to));
    const nothing = h("p", { class: "well muted" }, "No field is listed: every key of an item is shown as text.");
    this.root.replaceChildren(h("ul", { class: "errorlist", "data-faults": "fields" }), fields.length ? list : nothing, this.#add());
    if (focused) this.root.querySelector(`[data-path="${CSS.escape(focused)}"]`)?.focus();
  }

  #row(one, at) {
    const path = `fields.${at}`;
    const example = this.config.keys.find((key) => key.name === one.name)?.example;
    const write = (key) => (event) => {
      one[key] = event.target.value;
      this.draft.touched();
    };
    const types = this.config.field_types.map((type) => [type.name, type.title]);
    const retype = (value) => this.draft.change(() => (one.type = value));
    const known = this.config.keys.length === 0 || example !== undefined;
    return h("li", { class: "card builder-field", "data-row": true },
      h("div", { class: "builder-field-head" },
        h("span", { class: "grip", draggable: "true", title: "Drag to another place" }, icon("grip")),
        h("code", { class: "grow truncate" }, one.name), !known && h("span", { class: "badge is-warning" }, "not in the first items"),
        iconButton("arrow-up", `Move ${one.name} up`, () => this.#move(at, at - 1), { disabled: at === 0, "data-path": `${path}.up` }),
        iconButton("arrow-down", `Move ${one.name} down`, () => this.#move(at, at + 1), { disabled: at === this.draft.fields.length - 1, "data-path": `${path}.down` }),
        iconButton("close", `Remove ${one.name}`, () => this.#remove(at))),
      h("div", { class: "fields" },
        field("Shown as", select(types, one.type || "text", retype, { "data-path": `${path}.type` })),
        field("Title", h("input", { type: "text", maxlength: 200, value: one.title === one.name ? "" : one.title || "", placeholder: one.name, "data-path": `${path}.title`, oninput: write("title") }), { optional: true })),
      example !== undefined && h("p", { class: "help clamp" }, `For example: ${example}`),
      h("ul", { class: "errorlist", "data-faults": path }));
  }

  #add() {
    const listed = new Set(this.draft.fields.map((one) => one.name));
    const found = this.config.keys.filter((key) => !listed.has(key.name));
    const add = (keys) => this.draft.change(({ fields }) => fields.push(...keys.map(({ name, type }) => ({ name, type, title: "" }))));
    const name = h("input", { type: "text", maxlength: 200, "aria-label": "Key of the payload", placeholder: "Another key", class: "input-auto" });
    const byHand = () => {
      const key = name.value.trim();
      if (key && !listed.has(key)) add([{ name: key, type: "text" }]);
    };
    name.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      byHand();
    });
    return h("div", { class: "stack stack-sm builder-add" },
      found.length > 0 && h("div", { class: "row", role: "group", "aria-label": "Keys of your items" }, h("span", { class: "muted small" }, "Found in your items:"),
        found.slice(0, 40).map((key) => h("button", { type: "button", class: "btn btn-sm", title: key.example.slice(0, 100), onclick: () => add([key]) }, icon("plus"), key.name)),
        found.length > 1 && h("button", { type: "button", class: "btn btn-sm", onclick: () => add(found) }, `All ${found.length}`)),
      h("div", { class: "row" }, name, h("button", { type: "button", class: "btn", onclick: byHand }, icon("plus"), "Add field")));
  }

  #move(from, to) {
    const { fields } = this.draft;
    if (to < 0 || to >= fields.length) return;
    this.draft.change(() => fields.splice(to, 0, ...fields.splice(from, 1)));
    this.root.querySelector(`[data-path="fields.${to}.${to < from ? "up" : "down"}"]`)?.focus();
    this.say(`Moved to place ${to + 1} of ${fields.length}.`);
  }

  #remove(at) {
    const { name } = this.draft.fields[at];
    this.draft.change(({ fields }) => fields.splice(at, 1));
    this.onDelete(`The field “${name}” is removed.`);
  }
}
