// What is done to the selected items: each in its dialog, then a worker does it and its card tells how far it is.
import { clear, selection } from "./select.js";

const LONGEST_ADDRESS = 4000;
const here = () => location.pathname + location.search;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-bulk]");
  if (button) open(document.getElementById(`bulk-${button.dataset.bulk}`));
  event.target.closest("[data-bulk-dismiss]")?.closest(".bulk-card").remove();
  const link = event.target.closest("[data-snapshot]");
  if (link) {
    const { items, where } = selection();
    const text = items.length ? `id in (${items.join(", ")})` : where;
    if (text.length <= LONGEST_ADDRESS) link.search = new URLSearchParams(text ? { where: text } : {}).toString();
  }
});

function open(dialog) {
  const { items, where, count } = selection();
  dialog.querySelector("[name=items]").value = items.join(",");
  dialog.querySelector("[name=where]").value = where;
  dialog.querySelector("[data-bulk-count]").textContent = count;
  dialog.showModal();
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.elt.closest?.("[data-bulk-form]");
  // 204: refused, and a toast says why.
  if (!form || !detail.successful || detail.xhr.status === 204) return;
  form.closest("dialog").close();
  form.reset();
  clear();
});

document.addEventListener("items-changed", () => {
  if (document.getElementById("items")) htmx.ajax("GET", here(), { target: "#items", swap: "innerHTML" });
});

document.addEventListener("submit", ({ target: form }) => {
  const back = form.querySelector?.("[data-back]");
  if (back) back.value = here();
});
