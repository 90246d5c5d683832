// Conditions in words.
export const config = JSON.parse(document.getElementById("filter-config")?.textContent || "{}");

const WORDS = { "=": "is", "!=": "is not", in: "is any of", "<": "below", "<=": "at most", ">": "above", ">=": "at least", "~": "contains", missing: "is missing", "": "yes" };
const TIMES = { "<": "before", "<=": "until", ">": "after", ">=": "since", "=": "is on", "!=": "is not on" };
const OPPOSITES = { in: "is none of", "~": "does not contain", missing: "is there", "": "no" };
const HAVE_OPPOSITES = ["in", "~", "missing", ""];

export const fieldOf = (name) => config.fields?.find((field) => field.name === name);
const titleIn = (list, value) => list?.find((one) => one.value === value)?.title ?? value;

export function partTitle(field, part) {
  return field?.part === "question" ? titleIn(config.questions, part) : titleIn(config.payload, part);
}

/** What may be chosen as a value: [{value, title}], or null where people write it. */
export function choicesOf(field, part) {
  if (field?.kind === "label") {
    const labels = config.questions.find((question) => question.value === part)?.labels;
    return labels?.length ? labels : null;
  }
  return field?.choices?.map((value) => ({ value, title: value })) ?? null;
}

export function operatorWords(field, operator, negated = false) {
  if (negated && operator in OPPOSITES) return OPPOSITES[operator];
  const words = (field?.kind === "time" && TIMES[operator]) || WORDS[operator] || operator;
  return negated ? `not: ${words}` : words;
}

/** The comparisons of a field as [{key, words}], opposites among them where they are no comparison of their own. */
export function comparisons(field) {
  return field.operators.flatMap((operator) => {
    const plain = { key: operator, words: operatorWords(field, operator) };
    return HAVE_OPPOSITES.includes(operator) ? [plain, { key: `not ${operator}`, words: operatorWords(field, operator, true) }] : [plain];
  });
}

/** A condition as {name, words, values} for its chip. */
export function told(node) {
  const field = fieldOf(node.field);
  const part = node.part ? partTitle(field, node.part) : "";
  const name = [field?.title ?? node.field, part].filter(Boolean).join(": ");
  const choices = choicesOf(field, node.part);
  const values = node.values.map((value) => titleIn(choices, value)).join(", ");
  if (!node.operator) return { name: node.negated ? `not ${name.charAt(0).toLowerCase()}${name.slice(1)}` : name, words: "", values: "" };
  return { name, words: operatorWords(field, node.operator, node.negated), values };
}
