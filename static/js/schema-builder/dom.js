// Small makers of elements. Text is always text: nothing here reads markup.
const SPRITE = document.querySelector(".icon use")?.getAttribute("href").split("#")[0];

/** h("button", {class: "btn", onclick, disabled: true, "data-x": "y"}, ...children) */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, onclick, attributes = {}) {
  return h("button", { type: "button", class: "btn btn-ghost btn-icon btn-sm", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}

let count = 0;
/** A labelled control: field("Help", textarea, {help, optional}) */
export function field(label, control, { help = "", optional = false } = {}) {
  control.id ||= `f${++count}`;
  if (help) control.setAttribute("aria-describedby", `${control.id}-help`);
  return h("div", { class: "field" },
    h("label", { for: control.id }, label, optional && h("span", { class: "optional" }, " (optional)")),
    control,
    help && h("p", { class: "helptext", id: `${control.id}-help` }, help));
}

export function check(label, checked, onchange, { help = "", role = "" } = {}) {
  const attributes = role ? { class: "switch", role } : {};
  const box = h("input", { type: "checkbox", checked, onchange: (event) => onchange(event.target.checked), ...attributes });
  return h("label", { class: "check" }, box, h("span", {}, label, help && h("span", { class: "helptext" }, help)));
}

export function select(options, value, onchange, attributes = {}) {
  const element = h("select", { ...attributes, onchange: (event) => onchange(event.target.value) },
    options.map(([name, title]) => h("option", { value: name }, title)));
  element.value = value;
  return element;
}

/** Rows that can be dragged by their grip to another place: sortable(list, rows, move(from, to)) */
export function sortable(list, move) {
  let from = null;
  const rows = () => [...list.children].filter((row) => row.matches("[data-row]"));
  const clear = () => list.querySelectorAll("[data-over]").forEach((row) => row.removeAttribute("data-over"));
  const rowOf = (event) => event.target.closest?.("[data-row]")?.closest("[data-row]");
  const own = (row) => {
    while (row && row.parentElement !== list) row = row.parentElement.closest("[data-row]");
    return row;
  };
  list.addEventListener("dragstart", (event) => {
    const row = own(rowOf(event));
    if (!event.target.closest?.(".grip") || event.target.closest("[data-row]") !== row) return;
    from = rows().indexOf(row);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    event.dataTransfer.setDragImage(row, 12, 12);
    event.stopPropagation();
  });
  list.addEventListener("dragover", (event) => {
    const row = own(rowOf(event));
    if (from === null || !row) return;
    event.preventDefault();
    clear();
    const below = event.clientY > row.getBoundingClientRect().top + row.offsetHeight / 2;
    row.dataset.over = below ? "below" : "above";
  });
  list.addEventListener("drop", (event) => {
    const row = own(rowOf(event));
    if (from === null || !row) return;
    event.preventDefault();
    event.stopPropagation();
    const at = rows().indexOf(row) + (row.dataset.over === "below" ? 1 : 0);
    const to = at > from ? at - 1 : at;
    clear();
    if (to !== from) move(from, to);
    from = null;
  });
  list.addEventListener("dragend", () => {
    clear();
    from = null;
  });
}
