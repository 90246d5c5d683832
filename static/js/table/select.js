// Rows are selected one by one, in ranges (shift), page by page, or all that match. Paging keeps what is selected.
const bar = document.querySelector("[data-bulkbar]");
const chosen = new Set();
let all = false;
let last = null;
let where = null;

const table = () => document.querySelector("table.items");
const boxes = () => [...document.querySelectorAll("[data-select]")];

/** What is selected: {items} (ids), or {where} for all that match; `count` in words. */
export function selection() {
  const count = all ? `all ${table()?.dataset.count ?? "items"}` : `${chosen.size} item${chosen.size === 1 ? "" : "s"}`;
  return { items: all ? [] : [...chosen], where: all ? (table()?.dataset.where ?? "") : "", all, count };
}

export function clear() {
  chosen.clear();
  all = false;
  show();
}

function show() {
  for (const box of boxes()) {
    box.checked = all || chosen.has(box.dataset.select);
    box.closest("tr").classList.toggle("is-selected", box.checked);
  }
  const page = document.querySelector("[data-select-page]");
  const marked = boxes().filter((box) => box.checked).length;
  if (page) {
    page.checked = marked > 0 && marked === boxes().length;
    page.indeterminate = marked > 0 && marked < boxes().length;
  }
  if (!bar) return;
  bar.hidden = !all && !chosen.size;
  const { count } = selection();
  bar.querySelector("[data-selected]").textContent = `${count.charAt(0).toUpperCase()}${count.slice(1)} selected`;
  const more = bar.querySelector("[data-select-all]");
  more.hidden = all;
  more.textContent = `Select all ${table()?.dataset.count ?? ""}${where ? " that match" : ""}`;
}

function toggle(box, on) {
  if (all) {
    // One of all is let go: what is on this page stays selected.
    all = false;
    boxes().forEach((other) => chosen.add(other.dataset.select));
  }
  if (on) chosen.add(box.dataset.select);
  else chosen.delete(box.dataset.select);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-select]");
  if (!box) return;
  const list = boxes();
  const from = list.indexOf(last);
  const to = list.indexOf(box);
  const range = event.shiftKey && from >= 0 ? list.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
  range.forEach((one) => toggle(one, box.checked));
  last = box;
  show();
});

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-select-page]")) return;
  boxes().forEach((box) => toggle(box, target.checked));
  show();
});

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-select-none]")) clear();
  if (target.closest("[data-select-all]")) {
    all = true;
    chosen.clear();
    show();
  }
});

function fresh() {
  const now = table()?.dataset.where ?? "";
  if (where !== null && now !== where) {
    chosen.clear();
    all = false;
  }
  where = now;
  last = null;
  show();
}

document.addEventListener("htmx:afterSwap", ({ target }) => target.id === "items" && fresh());
fresh();
