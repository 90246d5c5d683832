// Upload as soon as a file is chosen, with its progress; grey out the columns that are left out.
const part = (form, name) => form.querySelector(`[data-upload-${name}]`);

function hideButtons(root) {
  for (const button of root.querySelectorAll("[data-upload-button]")) button.hidden = true;
}
hideButtons(document);
document.addEventListener("htmx:load", (event) => {
  hideButtons(event.target);
  for (const choice of event.target.querySelectorAll("[data-columns] .becomes select")) shade(choice);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-upload] [type=file]") && event.target.files.length) event.target.form.requestSubmit();
  if (event.target.matches("[data-columns] .becomes select")) shade(event.target);
});

document.addEventListener("htmx:xhr:loadstart", ({ target }) => {
  if (!target.matches("[data-upload]")) return;
  part(target, "progress").hidden = false;
  target.querySelector("#upload-errors").replaceChildren();
});
document.addEventListener("htmx:xhr:progress", ({ target, detail: { loaded, total } }) => {
  if (!target.matches("[data-upload]") || !total) return;
  target.querySelector("progress").value = loaded / total;
  part(target, "text").textContent = loaded < total ? `${Math.floor((100 * loaded) / total)} %` : "Looking at the file…";
});
document.addEventListener("htmx:sendError", ({ target }) => {
  if (!target.matches("[data-upload]")) return;
  part(target, "progress").hidden = true;
  target.querySelector("[type=file]").value = "";
});

function shade(choice) {
  const place = choice.closest("td").cellIndex;
  for (const row of choice.closest("table").tBodies[0].rows) row.cells[place].classList.toggle("left-out", choice.value === "");
}
for (const choice of document.querySelectorAll("[data-columns] .becomes select")) shade(choice);
