// One condition in a dialog: field, question or part, comparison, value.
import { choicesOf, comparisons, config, fieldOf, operatorWords } from "./words.js";

const dialog = document.querySelector("[data-filter-editor]");
const at = Object.fromEntries([...(dialog?.querySelectorAll("[data-editor]") ?? [])].map((one) => [one.dataset.editor, one]));
const NO_VALUE = ["", "missing"];
let answer = null;

const option = ({ value, title }) => new Option(title, value);
const field = () => fieldOf(at.field.value);
const part = () => (field().part === "question" ? at.question.value : field().part === "field" ? at.part.value.trim() : "");

function comparison() {
  const key = at.operator.value;
  const negated = key.startsWith("not");
  return { negated, operator: negated ? key.slice(4) : key };
}

function fields() {
  const groups = Map.groupBy ? Map.groupBy(config.fields, (one) => one.group) : grouped(config.fields);
  return [...groups].map(([name, list]) => {
    const group = document.createElement("optgroup");
    group.label = name;
    group.append(...list.map((one) => option({ value: one.name, title: one.title })));
    return group;
  });
}

function grouped(list) {
  const found = new Map();
  for (const one of list) found.set(one.group, [...(found.get(one.group) ?? []), one]);
  return found;
}

function showPart(value = "") {
  const { part: kind, partOptional } = field();
  at["part-box"].hidden = !kind;
  at.part.hidden = kind !== "field";
  at.question.hidden = kind !== "question";
  at["part-label"].textContent = kind === "question" ? "Question" : "Which field";
  at["part-label"].htmlFor = kind === "question" ? at.question.id : at.part.id;
  const any = partOptional ? [{ value: "", title: "any question" }] : [];
  at.question.replaceChildren(...[...any, ...(config.questions ?? [])].map(option));
  at.parts.replaceChildren(...(config.payload ?? []).map(option));
  if (kind === "question" && (value || partOptional)) at.question.value = value;
  if (kind === "field") at.part.value = value;
}

function showComparisons(chosen) {
  const offered = comparisons(field());
  if (chosen !== undefined && !offered.some(({ key }) => key === chosen)) {
    const operator = chosen.replace(/^not /, "");
    offered.push({ key: chosen, words: operatorWords(field(), operator, chosen.startsWith("not")) });
  }
  at.operator.replaceChildren(...offered.map(({ key, words }) => option({ value: key, title: words })));
  if (chosen !== undefined) at.operator.value = chosen;
}

function showValue(values = []) {
  const { operator } = comparison();
  const choices = choicesOf(field(), part());
  const several = operator === "in" && choices;
  const one = choices && !several && ["=", "!="].includes(operator);
  at["value-box"].hidden = NO_VALUE.includes(operator);
  at.choice.hidden = !one;
  at.choices.hidden = !several;
  at.value.hidden = Boolean(one || several);
  at.choice.replaceChildren(...withMissing(choices ?? [], values).map(option));
  at.choices.replaceChildren(...(several ? withMissing(choices, values).map((choice) => check(choice, values)) : []));
  if (one && values.length) at.choice.value = values[0];
  at.value.value = values.join(", ");
  at.value.inputMode = field().kind === "number" ? "decimal" : "text";
  at.value.placeholder = operator === "in" ? "Several, with commas between them" : field().kind === "time" ? "2026-01-31, today, or -7d" : "";
  at.slow.hidden = !field().slow.includes(operator);
  suggest();
  at.about.textContent = `${field().about} As text: ${field().example}`;
}

/** Frequent values of a field of the payload, beside the box; what is typed may be anything else. */
async function suggest() {
  const name = field().part === "field" && ["=", "!="].includes(comparison().operator) ? part() : "";
  if (at.values.dataset.of === name) return;
  at.values.dataset.of = name;
  at.values.replaceChildren();
  if (!name) return;
  const answer = await fetch(`${config.values}?${new URLSearchParams({ field: name })}`).catch(() => null);
  const found = answer?.ok ? (await answer.json()).values : [];
  // Another field may have been chosen meanwhile.
  if (at.values.dataset.of === name) at.values.replaceChildren(...found.map(({ value }) => option({ value, title: value })));
}

/** What stands in a filter stays to be chosen, also where the project does not have it any more. */
function withMissing(choices, values) {
  const known = new Set(choices.map(({ value }) => value));
  return [...choices, ...values.filter((value) => !known.has(value)).map((value) => ({ value, title: value }))];
}

function check({ value, title }, values) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  const words = document.createElement("span");
  label.className = "check";
  box.type = "checkbox";
  box.value = value;
  box.checked = values.includes(value);
  words.textContent = title;
  label.append(box, words);
  return label;
}

function given() {
  const { operator } = comparison();
  if (NO_VALUE.includes(operator)) return [];
  if (!at.choices.hidden) return [...at.choices.querySelectorAll(":checked")].map((box) => box.value);
  if (!at.choice.hidden) return [at.choice.value];
  const text = at.value.value.trim();
  const values = operator === "in" ? text.split(",").map((one) => one.trim()) : [text];
  return values.filter(Boolean);
}

/** The condition, or null after saying what it lacks. */
function made() {
  const { operator, negated } = comparison();
  const values = given();
  const lacks = field().part && !part() && !field().partOptional ? "Say which field." : !NO_VALUE.includes(operator) && !values.length ? "Give a value." : "";
  at.fault.textContent = lacks;
  at.fault.hidden = !lacks;
  return lacks ? null : { kind: "is", negated, field: field().name, part: part(), operator, values };
}

function end(result) {
  answer = result;
  dialog.close();
}

/** Ask for a condition, beginning with `node`. Gives {node, or} (or: and an alternative), {remove}, or null. */
export function edit(node) {
  at.field.replaceChildren(...fields());
  if (node && !fieldOf(node.field)) return Promise.resolve(null);
  at.field.value = node?.field ?? "state";
  showPart(node?.part);
  showComparisons(node && (node.negated ? `not ${node.operator}` : node.operator));
  showValue(node?.values);
  at.fault.hidden = true;
  at.remove.hidden = !node;
  answer = null;
  dialog.showModal();
  (node && !at["value-box"].hidden ? [at.value, at.choice].find((one) => !one.hidden) ?? at.operator : at.field).focus();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(answer), { once: true }));
}

if (dialog) {
  at.field.addEventListener("change", () => {
    showPart();
    showComparisons();
    showValue();
  });
  at.question.addEventListener("change", () => showValue());
  at.part.addEventListener("change", () => suggest());
  at.operator.addEventListener("change", () => showValue(given()));
  at.remove.addEventListener("click", () => end({ remove: true }));
  at.or.addEventListener("click", () => {
    const node = made();
    if (node) end({ node, or: true });
  });
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const node = made();
    if (node) end({ node, or: false });
  });
}
