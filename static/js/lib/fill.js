// data-fill="form id" puts data-username and data-password into that form and sends the focus to its button.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill]");
  if (!button) return;
  const form = document.getElementById(button.dataset.fill);
  form.elements.username.value = button.dataset.username;
  form.elements.password.value = button.dataset.password;
  form.querySelector("[type=submit]").focus();
});
