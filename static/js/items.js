// The data table: addresses without empty filters, and j and k to walk through the rows.
import { typing } from "./lib/keys.js";

const OFF = "hotkeys-off";

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches?.("[data-filters]")) return;
  const parameters = event.detail.parameters;
  for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
});

document.addEventListener("keydown", (event) => {
  if (!["j", "k"].includes(event.key) || typing(event) || localStorage.getItem(OFF)) return;
  const rows = [...document.querySelectorAll("tr.row-link a.cover")];
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? 0 : at + (event.key === "j" ? 1 : -1);
  if (!rows[next]) return;
  event.preventDefault();
  rows[next].focus();
});
