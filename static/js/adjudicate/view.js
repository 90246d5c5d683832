// Paints a dispute: each answer side by side, what the votes amount to, and what happened before. Everything is text.
import { chips, count, day, duration, icon, labelsOf, make, percent } from "./words.js";

const KEYED = 9; // so many answers have a digit

export class DisputeView {
  #chosen = null;

  constructor({ questions }) {
    this.questions = questions;
    [this.given, this.evidence, this.before] = ["given", "evidence", "before"].map((id) => document.getElementById(id));
  }

  get chosen() {
    return this.#chosen;
  }

  show(dispute) {
    this.dispute = dispute;
    this.#chosen = null;
    this.given.replaceChildren(...dispute.answers.map((given, position) => this.#answer(given, position)));
    this.evidence.replaceChildren(...this.questions.flatMap((question) => this.#question(question)));
    this.before.replaceChildren(...this.#remarks());
  }

  /** Paint an answer as the chosen one; null: none. Returns it. */
  choose(position) {
    this.#chosen = this.dispute.answers[position] ?? null;
    for (const [n, button] of [...this.given.children].entries()) button.setAttribute("aria-pressed", String(n === position));
    return this.#chosen;
  }

  #answer(given, position) {
    const button = make("button", "given");
    const key = position < KEYED ? String(position + 1) : "";
    button.type = "button";
    button.value = position;
    button.setAttribute("aria-pressed", "false");
    const head = make("span", "given-head");
    if (key) head.append(make("kbd", "", key));
    head.append(make("strong", "", given.letter), make("span", "truncate", given.annotator ?? ""));
    if (given.asked_again) head.append(make("span", "badge c-amber", "asked again"));
    if (given.origin !== "person") head.append(make("span", "badge", given.origin));
    button.append(head, this.#said(given), make("span", "given-foot", this.#how(given)));
    return button;
  }

  #said(given) {
    const list = make("span", "said");
    const some = this.dispute.differing.length < this.questions.length; // where all differ, no mark helps
    for (const question of this.questions) {
      const value = given.answer[question.name];
      const differs = this.dispute.differing.includes(question.name);
      if (value === undefined && !differs) continue;
      const row = make("span", differs ? `said-row differs${some ? " marked" : ""}` : "said-row");
      if (this.questions.length > 1) row.append(make("span", "said-title", question.title));
      const words = make("span", "said-value");
      words.append(...chips(question, value).flatMap((chip) => [chip, " "]));
      row.append(words);
      list.append(row);
    }
    return list;
  }

  #how(given) {
    const parts = [duration(given.seconds), day(given.created_at)];
    if (given.revisions) parts.push(`revised ${count(given.revisions, "time")}`);
    if (given.lacking.length) parts.push("given under older questions");
    return parts.filter(Boolean).join(" · ");
  }

  /** For each label: how probable the label model finds it, and who said it. */
  #question(question) {
    const found = this.dispute.consensus.find((one) => one.question === question.name);
    const differs = this.dispute.differing.includes(question.name);
    if (!found || (!differs && found.unanimous)) return [];
    const said = new Map(Object.keys(found.distribution).map((label) => [label, []]));
    for (const given of this.dispute.answers) {
      for (const label of labelsOf(given.answer[question.name])) {
        if (!said.has(label) && !question.labels) continue;
        said.set(label, [...(said.get(label) || []), given.letter]);
      }
    }
    const box = make("section", "evidence");
    box.append(make("h3", "eyebrow", this.questions.length > 1 ? `Evidence: ${question.title}` : "Evidence"));
    for (const [label, letters] of said) box.append(this.#share(question, label, found.distribution[label] || 0, letters));
    box.append(make("p", "help", this.#basis(found)));
    return [box];
  }

  #share(question, label, probability, letters) {
    const row = make("div", "share-row");
    const bar = make("progress");
    Object.assign(bar, { max: 1, value: probability });
    const known = question.labels?.some((one) => one.value === label) || !question.labels;
    const name = make("span", "share-name");
    name.append(...(known ? chips(question, label) : [make("span", "chip", label)]));
    bar.setAttribute("aria-label", `Probability of ${name.textContent}`);
    row.append(name, bar, make("span", "num tabular", percent(probability)), make("span", "share-who", letters.join(" ")));
    return row;
  }

  #basis(found) {
    if (found.status === "known") return "The answer is known.";
    const from = `${count(found.votes, "vote")}${found.kinds.length ? ` by ${found.kinds.map((kind) => (kind === "person" ? "people" : kind)).join(", ")}` : ""}`;
    const run = found.run ? `, run ${found.run}` : "";
    return `${percent(found.confidence)} sure, ${found.entropy.toFixed(2)} bits open; ${found.method.replaceAll("_", " ")}${run}, from ${from}.`;
  }

  #remarks() {
    const { flags, comments, steps } = this.dispute;
    const lines = [
      ...flags.map((flag) => this.#line("flag", flag.who, "flagged it", flag.text, flag.at)),
      ...comments.map((comment) => this.#line("comment", comment.who, "wrote", comment.text, comment.at)),
      ...steps.map((step) => this.#line("scale", step.by, DID[step.kind], step.note, step.at, step.answer)),
    ];
    if (!lines.length) return [];
    const list = make("ul", "remarks");
    list.append(...lines);
    return [make("h3", "eyebrow", "What was said and done"), list];
  }

  #line(name, who, did, words, at, answer) {
    const line = make("li");
    const head = make("span", "remark-head");
    head.append(icon(name), make("strong", "", who), ` ${did} `);
    for (const question of answer ? this.questions : []) if (answer[question.name] !== undefined) head.append(...chips(question, answer[question.name]).flatMap((chip) => [chip, " "]));
    head.append(make("time", "subtle", day(at)));
    line.append(head);
    if (words) line.append(make("p", "text", words));
    return line;
  }
}

const DID = { decided: "decided", reopened: "reopened it", more: "asked for one more answer", sent_back: "sent it back", retired: "retired it" };
