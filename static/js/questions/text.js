// Words. The field grows with them.

export function attach(element, question, changed) {
  const field = element.querySelector("textarea, input");
  const grow = CSS.supports("field-sizing", "content") || field.localName !== "textarea" ? () => {} : () => {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  };
  const read = () => field.value.trim() || null;
  field.addEventListener("input", () => {
    grow();
    changed();
  });
  // Out of the field, so that the keys of the page work again.
  field.addEventListener("keydown", (event) => event.key === "Escape" && field.blur());
  return {
    read,
    write(value) {
      field.value = value ?? "";
      grow();
    },
    said: () => (read() ? [read()] : []),
    fault: () => "",
    focus: () => field.focus(),
    press: () => false,
  };
}
