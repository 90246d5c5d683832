// The theme of this browser: a cookie, so that the server renders <html data-theme> and nothing flashes.
const root = document.documentElement;

function show() {
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === (root.dataset.theme || "system")));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-theme]");
  if (!button) return;
  root.dataset.theme = button.dataset.setTheme;
  document.cookie = `theme=${button.dataset.setTheme}; path=/; max-age=31536000; samesite=lax`;
  show();
});
show();
