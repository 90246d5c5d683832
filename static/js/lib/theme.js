// The theme: stored with the user, so that the server renders <html data-theme> and nothing flashes,
// and in a cookie for the pages that know no user (sign-in, errors).
const root = document.documentElement;

function show() {
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === (root.dataset.theme || "system")));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-theme]");
  if (!button) return;
  const theme = (root.dataset.theme = button.dataset.setTheme);
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  const form = button.closest("form[data-theme-form]");
  if (form) fetch(form.action, { method: "POST", body: new FormData(form, button), keepalive: true }).catch(() => {});
  event.preventDefault();
  show();
});
show();
