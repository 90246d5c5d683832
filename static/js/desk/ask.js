// A small dialog whose form is sent by a script.
/** Open the dialog; calls back with the text when its form is sent. What was typed stays when that fails. */
export function ask(dialog, send) {
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector("[role=alert]");
  problem.textContent = "";
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await send(form.elements.text.value.trim(), event.submitter?.value);
      form.reset();
      // The focus would stay in the hidden field until the next frame, and swallow the next key.
      if (!dialog.open && dialog.contains(document.activeElement)) document.activeElement.blur();
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  form.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  };
  if (!dialog.open) dialog.showModal();
  form.elements.text.focus();
}
