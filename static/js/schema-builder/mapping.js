// How old answers read under the draft: what was renamed is known, what was removed is decided by a person.

const LEAVE = "leave";

/** Everything that is gone and needs a decision: {key, kind, question, label?, options: [[value, words]]}. */
export function removals(base, state) {
  const found = [];
  const continued = new Set(state.questions.map((question) => sourceOf(question, state)).filter(Boolean));
  for (const old of base.questions) {
    const decided = state.decisions[`q:${old.name}`];
    if (!continued.has(old.name) || decided) found.push(goneQuestion(old, state));
  }
  for (const question of state.questions) {
    const old = base.questions.find((other) => other.name === sourceOf(question, state));
    for (const value of old ? gone(old, question) : []) found.push(goneLabel(old, question, value));
  }
  return found;
}

function goneQuestion(old, state) {
  const heirs = state.questions.filter((question) => !question.was).map((question) => [question.id, `go on in “${question.title || question.name}”`]);
  return { key: `q:${old.name}`, kind: "question", question: old.name, options: [[LEAVE, "are left behind"], ...heirs] };
}

function goneLabel(old, question, value) {
  const labels = question.labels.filter((label) => label.value.trim()).map((label) => [`to:${label.id}`, `become “${label.title || label.value}”`]);
  const points = question.type === "rating" ? pointsOf(question).map((point) => [`at:${point}`, `become ${point}`]) : [];
  const drop = question.type === "multiple_choice" || !question.required ? [["drop", "lose this label"]] : [];
  const key = `l:${old.name}:${value}`;
  return { key, kind: "label", question: question.name, label: value, options: [["ask", "are for people to decide"], ...labels, ...points, ...drop] };
}

/** The old question that this one continues. */
function sourceOf(question, state) {
  if (question.was) return question.was;
  const decided = Object.entries(state.decisions).find(([key, choice]) => key.startsWith("q:") && choice === question.id);
  return decided ? decided[0].slice(2) : null;
}

const pointsOf = (question) => {
  const [least, most] = [Number(question.min ?? 1), Number(question.max ?? 5)];
  return Array.from({ length: Math.max(0, Math.min(21, most - least + 1)) }, (_, position) => String(least + position));
};

function valuesOf(question) {
  if (question.type === "rating") return pointsOf(question);
  return question.type.endsWith("_choice") ? question.labels.map((label) => label.value.trim()) : null;
}

/** Old values that the question has no more, neither as they were nor renamed. */
function gone(old, question) {
  const before = valuesOf(old);
  const now = valuesOf(question);
  if (!before || !now) return [];
  const kept = new Set([...now, ...question.labels.map((label) => label.was)]);
  return before.filter((value) => !kept.has(value));
}

export function mappingOf(base, state) {
  const mapping = {};
  for (const question of state.questions) {
    const source = sourceOf(question, state);
    const old = base.questions.find((other) => other.name === source);
    if (!old) {
      // A new question under an old name takes nothing over.
      if (base.questions.some((other) => other.name === question.name)) mapping[question.name] = null;
      continue;
    }
    const how = howOf(old, question, state.decisions);
    if (old.name !== question.name) how.from = old.name;
    if (Object.keys(how).length) mapping[question.name] = how;
  }
  const named = new Set(state.questions.map((question) => question.name));
  for (const old of base.questions) {
    if (state.decisions[`q:${old.name}`] === LEAVE && !named.has(old.name)) mapping[old.name] = null;
  }
  return mapping;
}

function howOf(old, question, decisions) {
  const labels = {};
  const drop = [];
  for (const label of question.labels) {
    const value = label.value.trim();
    if (label.was !== null && label.was !== value && valuesOf(question)) labels[label.was] = value;
  }
  for (const value of gone(old, question)) {
    const choice = decisions[`l:${old.name}:${value}`];
    const heir = question.labels.find((label) => choice === `to:${label.id}`);
    if (heir) labels[value] = heir.value.trim();
    else if (choice?.startsWith("at:")) labels[value] = choice.slice(3);
    else if (choice === "drop") drop.push(value);
    else if (choice === "ask") labels[value] = null;
  }
  return { ...(Object.keys(labels).length && { labels }), ...(drop.length && { drop }) };
}
