// The names of actions and keys as the labeling page knows them, and the time zone of this browser.
import { printed } from "./desk/keys.js";
import { ACTIONS } from "./label/keys.js";

for (const row of document.querySelectorAll("tr[data-action]")) {
  const [usual, title] = ACTIONS[row.dataset.action] || [];
  const key = row.querySelector("[data-key]");
  key.textContent = printed(key.textContent);
  if (!usual) continue;
  row.querySelector("[data-title]").textContent = title;
  const place = row.querySelector("[data-usual]");
  place.textContent = printed(usual);
  place.hidden = false;
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const field = document.getElementById("id_time_zone");
const hint = document.querySelector("[data-zone]");
if (field.value !== zone && [...field.options].some(({ value }) => value === zone)) {
  hint.querySelector("strong").textContent = zone.replaceAll("_", " ");
  hint.hidden = false;
  hint.querySelector("button").addEventListener("click", () => {
    field.value = zone;
    hint.hidden = true;
    field.focus();
  });
}
