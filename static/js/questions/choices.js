// What choices and ratings share: real radios or checkboxes, found by value and by key, and a search over many.

/** The inputs of a question by value and by hotkey. */
export function inputsOf(element) {
  const all = [...element.querySelectorAll("input[type=radio], input[type=checkbox]")];
  const byKey = new Map(all.filter((input) => input.hasAttribute("aria-keyshortcuts"))
    .map((input) => [input.getAttribute("aria-keyshortcuts"), input]));
  return { all, byKey, byValue: new Map(all.map((input) => [input.value, input])) };
}

/** Radios: choosing again clears an optional answer, by key and by pointer. */
export function radios(element, question, changed, read) {
  const { all, byKey, byValue } = inputsOf(element);
  const chosen = () => all.find((input) => input.checked);
  let before = chosen();
  const choose = (input) => {
    for (const other of all) if (other.checked && other !== input) other.checked = false;
    if (input) input.checked = true;
    before = input;
  };
  element.addEventListener("change", (event) => {
    if (event.target.type !== "radio") return;
    before = event.target;
    changed();
  });
  element.addEventListener("click", (event) => {
    if (event.target.type !== "radio" || question.required || event.target !== before || !event.detail) return;
    choose(null);
    changed();
  });
  element.addEventListener("keydown", (event) => {
    const clears = event.key === "Delete" || event.key === "Backspace";
    if (!clears || event.target.type !== "radio" || question.required || !chosen()) return;
    choose(null);
    changed();
  });
  // A click on a radio arrives after it was checked: what was chosen before it is known from the press.
  element.addEventListener("pointerdown", () => (before = chosen()));
  filter(element, all, (input) => {
    choose(input);
    changed();
  });
  return {
    read: () => (chosen() ? read(chosen().value) : null),
    write: (value) => choose(value === null ? null : byValue.get(String(value)) || null),
    said: () => (chosen() ? [chosen().value] : []),
    fault: () => "",
    focus: () => (chosen() || all[0])?.focus(),
    press(key, repeat) {
      const input = byKey.get(key);
      if (!input) return false;
      if (repeat) return true;
      choose(input.checked && !question.required ? null : input);
      input.scrollIntoView({ block: "nearest" });
      changed();
      return true;
    },
  };
}

const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Search over many labels: what does not match is hidden unless it is chosen; Enter picks the first match. */
export function filter(element, all, pick) {
  const field = element.querySelector("[data-filter]");
  if (!field) return;
  let rows;
  const apply = () => {
    rows ??= all.map((input) => ({ input, label: input.closest("label"), words: plain(`${input.value} ${input.closest("label").textContent}`) }));
    const wanted = plain(field.value.trim());
    for (const row of rows) row.label.hidden = !(row.words.includes(wanted) || row.input.checked);
    return rows.filter((row) => wanted && row.words.includes(wanted));
  };
  field.addEventListener("input", apply);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const matches = apply();
      const exact = matches.find(({ input }) => plain(input.value) === plain(field.value.trim()));
      const match = exact || matches[0];
      if (!match) return;
      pick(match.input);
      field.value = "";
      apply();
      match.label.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Escape") {
      event.preventDefault();
      field.value = "";
      apply();
      field.blur();
    }
  });
}
