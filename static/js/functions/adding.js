// Choosing lines of a field from what there is: tags, items. Whatever is chosen here can be typed into the field as well.
const form = document.getElementById("function-form");
const list = document.getElementById("offers");
const WAIT = 200;
let timer, asked;

function add(input) {
  const field = document.getElementById(input.dataset.adds);
  const line = input.value.trim();
  const lines = field.value.split("\n").filter((one) => one.trim());
  input.value = "";
  if (!line || lines.includes(line)) return;
  field.value = [...lines, line].join("\n");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  // A label is still to be said.
  if (line.endsWith("=")) {
    field.value += " ";
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
}

async function ask(words) {
  asked?.abort();
  asked = new AbortController();
  const address = new URL(list.dataset.url, location.href);
  address.searchParams.set("q", words);
  try {
    const answer = await fetch(address, { signal: asked.signal });
    if (!answer.ok) return;
    const { offers } = await answer.json();
    list.replaceChildren(...offers.map(([value, words]) => Object.assign(document.createElement("option"), { value, label: words || value })));
  } catch {
    // Without an answer, what was offered before stays.
  }
}

// Before the form hears of it: what is only looked for changes nothing that the function does.
form?.addEventListener("input", (event) => {
  const input = event.target;
  if (!input.dataset.adds) return;
  event.stopPropagation();
  const chosen = [...list.options].some((option) => option.value === input.value);
  if (chosen && event.inputType !== "insertText" && event.inputType !== "deleteContentBackward") return add(input);
  if (!("searches" in list.dataset)) return;
  clearTimeout(timer);
  timer = setTimeout(() => ask(input.value), WAIT);
}, true);

form?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.dataset.adds) return;
  event.preventDefault();
  add(event.target);
});
form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-line]");
  if (!button) return;
  add(button.previousElementSibling);
  button.previousElementSibling.focus();
});
