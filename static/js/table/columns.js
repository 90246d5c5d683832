// The column chooser: order by two buttons; and forms that keep what the address says now.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  const row = button?.closest("li");
  if (row) {
    const other = button.dataset.move === "1" ? row.nextElementSibling?.nextElementSibling : row.previousElementSibling;
    if (button.dataset.move === "1" && !row.nextElementSibling) return;
    row.parentElement.insertBefore(row, other ?? null);
    button.focus();
  }
  const usual = event.target.closest("[data-usual-columns]");
  if (usual) {
    usual.form.querySelectorAll("[name=column]").forEach((box) => (box.checked = false));
    usual.form.requestSubmit();
  }
});

document.addEventListener("submit", ({ target: form }) => {
  if (!form.matches("[data-keeps-address]")) return;
  const now = new URLSearchParams(location.search);
  for (const input of form.querySelectorAll("input[type=hidden]")) {
    input.value = now.get(input.name) ?? "";
    input.disabled = !input.value;
  }
});
