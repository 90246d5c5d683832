// The filter bar: conditions as chips, joined by and or or, in groups; or the same as text.
import { edit } from "./editor.js";
import { rooted, tidied, write } from "./tree.js";
import { told } from "./words.js";

const form = document.querySelector("[data-filters]");
const bar = form?.querySelector("[data-filter-bar]");
const box = form?.querySelector("[data-filter-text]");
const text = box?.querySelector("textarea");
const mode = form?.querySelector("[data-filter-mode]");
const EVERYTHING = { kind: "all", negated: false, parts: [] };
let root = structuredClone(EVERYTHING);

const element = (name, className, content = "") => {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  if (name === "button") made.type = "button";
  return made;
};

function chip(node, group) {
  const { name, words, values } = told(node);
  const open = element("button", "filter-open");
  open.append(element("span", "", `${name}${words ? ` ${words}` : ""} `), element("strong", "", values));
  open.addEventListener("click", () => change(node, group));
  open.addEventListener("keydown", (event) => {
    if (!["Delete", "Backspace"].includes(event.key)) return;
    event.preventDefault();
    remove(node, group);
  });
  const away = element("button", "chip-remove", "×");
  away.setAttribute("aria-label", `Remove: ${open.textContent}`);
  away.addEventListener("click", () => remove(node, group));
  const whole = element("span", "chip filter-chip");
  whole.append(open, away);
  return whole;
}

function connective(group) {
  const word = element("button", "filter-word", group.kind === "all" ? "and" : "or");
  word.title = group.kind === "all" ? "All of these must hold. Press for: one of them" : "One of these must hold. Press for: all of them";
  word.addEventListener("click", () => {
    group.kind = group.kind === "all" ? "any" : "all";
    done(".filter-word");
  });
  return word;
}

function inside(group) {
  return group.parts.flatMap((part, place) => {
    const shown = part.kind === "is" ? chip(part, group) : nested(part, group);
    return place ? [connective(group), shown] : [shown];
  });
}

function nested(group, outer) {
  const whole = element("span", "filter-group");
  whole.setAttribute("role", "group");
  const add = element("button", "filter-add btn btn-ghost btn-sm", group.kind === "all" ? "+ and" : "+ or");
  add.setAttribute("aria-label", group.kind === "all" ? "Add another that must hold too" : "Add an alternative");
  add.addEventListener("click", async () => {
    const made = await edit();
    if (made) group.parts.push(made.node);
    if (made) done();
  });
  if (group.negated) {
    const not = element("button", "filter-word", "not");
    not.title = "Take the “not” away";
    not.addEventListener("click", () => {
      group.negated = false;
      done();
    });
    outer.parts.includes(group) && whole.append(not);
  }
  whole.append(...inside(group), add);
  return whole;
}

function draw() {
  const add = element("button", "btn btn-sm filter-new", "Filter");
  add.prepend("+ ");
  add.dataset.hotkey = "f";
  add.dataset.hotkeyName = "Add a filter";
  add.addEventListener("click", async () => {
    const made = await edit();
    // Another filter narrows: what were alternatives stay together.
    if (made && root.kind === "any" && root.parts.length > 1) root = { kind: "all", negated: false, parts: [root] };
    if (made) insert(made, root);
  });
  bar.replaceChildren(...inside(root), add);
  if (root.parts.length > 1) {
    const clear = element("button", "btn btn-sm btn-ghost", "Clear");
    clear.addEventListener("click", () => {
      root = structuredClone(EVERYTHING);
      done(".filter-new");
    });
    bar.append(clear);
  }
}

/** A new condition in a group; with alternatives, in a group of its own. */
async function insert({ node, or }, group) {
  if (!or) {
    group.parts.push(node);
    return done(".filter-new");
  }
  const place = group.parts.push(node) - 1;
  await alternative(node, group, place);
}

async function alternative(node, group, place) {
  const other = await edit();
  if (other && group.kind === "any") group.parts.splice(place + 1, 0, other.node);
  else if (other) group.parts[place] = { kind: "any", negated: false, parts: [node, other.node] };
  done(".filter-new");
}

async function change(node, group) {
  const place = group.parts.indexOf(node);
  const made = await edit(node);
  if (!made) return bar.querySelectorAll(".filter-open")[place]?.focus();
  if (made.remove) return remove(node, group);
  group.parts[place] = made.node;
  if (made.or) return alternative(made.node, group, place);
  return done();
}

function remove(node, group) {
  group.parts.splice(group.parts.indexOf(node), 1);
  done(".filter-new");
}

/** Shown anew, and asked for; the focus goes on from where it was. */
function done(focus = ".filter-new") {
  root = tidied(root);
  draw();
  text.value = write(root);
  form.dispatchEvent(new CustomEvent("filter-changed"));
  bar.querySelector(focus)?.focus();
}

function showText(on) {
  bar.hidden = on;
  box.hidden = !on;
  mode.setAttribute("aria-pressed", String(on));
}

/** What the server has read; without it the text has a fault, and stays text. */
function read() {
  const tree = JSON.parse(document.getElementById("filter-tree")?.dataset.tree || "null");
  if (!tree) return showText(true);
  root = tidied(rooted(tree));
  if (!bar.contains(document.activeElement)) draw();
}

if (form) {
  mode.hidden = false;
  showText(false);
  read();
  mode.addEventListener("click", () => {
    const on = box.hidden;
    if (!on) text.value = write(root);
    showText(on);
    (on ? text : bar.querySelector(".filter-new"))?.focus();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  document.addEventListener("htmx:afterSwap", ({ target }) => target.id === "items" && read());
}
