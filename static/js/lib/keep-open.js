// data-keep-open: htmx replaces what is in it; tables that were open stay open.
let open = [];

document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.matches("[data-keep-open]")) open = [...target.querySelectorAll("details[open][id]")].map(({ id }) => id);
});
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (!target.matches("[data-keep-open]")) return;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
});
