// j and k walk through the rows, x selects the one that has the focus.
import { typing } from "../lib/keys.js";

const OFF = "hotkeys-off";

document.addEventListener("keydown", (event) => {
  if (!["j", "k", "x"].includes(event.key) || typing(event) || localStorage.getItem(OFF)) return;
  const rows = [...document.querySelectorAll("tr.row-link")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  if (event.key === "x") {
    rows[at]?.querySelector("[data-select]")?.click();
    return;
  }
  const next = rows[at < 0 ? 0 : at + (event.key === "j" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.querySelector("a.cover").focus();
});
