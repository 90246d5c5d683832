// A form is sent once: its button turns busy and a second submit is dropped. data-again opts out (downloads).
const busy = new Map();

export function start(form, button) {
  busy.set(form, button);
  button?.setAttribute("aria-busy", "true");
}
export function end(form) {
  busy.get(form)?.removeAttribute("aria-busy");
  busy.delete(form);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || form.matches("[data-again]") || event.defaultPrevented) return;
  if (form.matches("[hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
  if (busy.has(form)) event.preventDefault();
  else start(form, event.submitter);
});

// Back from the next page by the browser's cache: the old page must not look busy for ever.
addEventListener("pageshow", (event) => event.persisted && [...busy.keys()].forEach(end));

// data-autosubmit: a filter that applies itself.
document.addEventListener("change", (event) => event.target.closest("form[data-autosubmit]")?.requestSubmit());

// A file chosen or dropped on .drop shows its name and size.
document.addEventListener("change", (event) => {
  const words = event.target.matches(".drop > [type=file]") && event.target.parentElement.querySelector("strong");
  if (!words) return;
  words.dataset.empty ??= words.textContent;
  const files = [...event.target.files];
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const unit = size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : `${(size / 1e6).toFixed(1)} MB`;
  words.textContent = files.length ? `${files.map((file) => file.name).join(", ")} · ${unit}` : words.dataset.empty;
});
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => event.target.closest?.(".drop")?.classList.toggle("over", over));
}
