// data-dialog="id" opens a dialog, data-close closes it; data-confirm="..." on a form or its button asks first.
export function ask({ title = "Are you sure?", text, action, danger = false }) {
  const dialog = document.getElementById("confirm");
  const yes = document.getElementById("confirm-yes");
  document.getElementById("confirm-title").textContent = title;
  document.getElementById("confirm-text").textContent = text;
  yes.textContent = action || "Continue";
  yes.classList.toggle("btn-danger", danger);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }),
  );
}

// Who asks holds the words; the button that was pressed gives the action its name and its colour.
const question = (text, asker, button) => ({
  text,
  title: asker.dataset.confirmTitle,
  action: asker.dataset.confirmAction || button?.textContent.trim(),
  danger: Boolean(button?.matches(".btn-danger, .is-danger")),
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    document.getElementById(opener.dataset.dialog)?.showModal();
    opener.closest("details.menu")?.removeAttribute("open");
  }
  event.target.closest("[data-close]")?.closest("dialog")?.close();
  // A click on the backdrop reaches the dialog itself; one inside reaches what is inside.
  if (event.target.matches?.("dialog[open]:not([role=alertdialog])")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

// Captures, to come before the guard of forms.js.
document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const asker = [event.submitter, form].find((element) => element?.dataset.confirm);
    if (!asker || form.dataset.confirmed) return delete form.dataset.confirmed;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(question(asker.dataset.confirm, asker, event.submitter))) {
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter);
    }
  },
  true,
);

document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  const { elt, question: text, triggeringEvent } = event.detail;
  const button = triggeringEvent?.submitter || (elt.matches("button, a") ? elt : null);
  if (await ask(question(text, elt, button))) event.detail.issueRequest(true);
});
