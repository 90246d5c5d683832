// Publishing: what changes, how many answers each change touches, what becomes of what is gone.
import { h, select } from "./dom.js";
import { removals } from "./mapping.js";
import { send } from "./send.js";

const number = (count) => count.toLocaleString("en");
const answers = (count) => (count === 1 ? "1 answer" : `${number(count)} answers`);
const items = (count) => (count === 1 ? "1 item" : `${number(count)} items`);

// What the consequences count, one and several.
const COUNTED = { consensus: ["value", "values"], decisions: ["decision", "decisions"], predictions: ["prediction", "predictions"], snapshots: ["snapshot", "snapshots"], learning: ["model", "models"], rounds: ["round", "rounds"], gold: ["gold question", "gold questions"], splits: ["split", "splits"], views: ["view", "views"] };

// Of one item several things may be touched: both are told where they differ in kind.
function counted(one) {
  const words = `${number(one.count)} ${COUNTED[one.kind]?.[one.count === 1 ? 0 : 1] ?? one.kind}`;
  return one.items === null || one.kind === "gold" ? words : `${words}, ${items(one.items)}`;
}

export class Publish {
  #turn = 0;

  constructor(dialog, draft, { config, onDone }) {
    Object.assign(this, { dialog, draft, config, onDone });
    this.body = dialog.querySelector("[data-effects]");
    this.note = dialog.querySelector("[name=note]");
    this.again = dialog.querySelector("[name=ask_again]");
    this.button = dialog.querySelector("[data-publish]");
    this.problem = dialog.querySelector("[data-problem]");
    this.note.addEventListener("input", () => {
      draft.state.note = this.note.value;
      draft.touched();
    });
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#publish();
    });
  }

  open() {
    this.note.value = this.draft.state.note || "";
    this.dialog.showModal();
    this.#count();
  }

  #request() {
    return { ...this.draft.schema(), mapping: this.draft.mapping() };
  }

  async #count() {
    const turn = ++this.#turn;
    this.problem.hidden = true;
    this.button.disabled = true;
    this.body.setAttribute("aria-busy", "true");
    if (!this.body.childElementCount) this.body.replaceChildren(h("p", { class: "muted row" }, h("span", { class: "spinner" }), "Counting the answers that this touches…"));
    try {
      const effects = await send(this.config.urls.effects, this.#request());
      if (turn === this.#turn) this.#show(effects);
    } catch (error) {
      if (turn === this.#turn) this.#refuse(error);
    }
    this.body.removeAttribute("aria-busy");
  }

  #show(effects) {
    const decisions = this.#decisions(effects);
    const changes = effects.changes.map((change) => h("li", {}, h("span", { class: "grow" }, change.text), change.answers > 0 && h("span", { class: "badge c-amber" }, `${answers(change.answers)}, ${items(change.items)}`)));
    const focused = document.activeElement?.dataset?.key;
    this.body.replaceChildren(
      ...decisions,
      h("section", {}, h("h3", {}, "What changes"), changes.length ? h("ul", { class: "publish-changes" }, changes) : h("p", { class: "muted" }, "Only how items are shown.")),
      this.#summary(effects),
      ...this.#consequences(effects));
    if (focused) this.body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    const askable = effects.newly_incomplete > 0;
    this.again.closest("label").hidden = !askable;
    if (!askable) this.again.checked = false;
    this.button.disabled = effects.unsaid.length > 0;
  }

  // What is gone: only a person knows what becomes of its answers.
  #decisions(effects) {
    const rows = effects.answers || effects.gold_incomplete || effects.unsaid.length ? removals(this.draft.base, this.draft.state) : [];
    if (!rows.length) return [];
    const { decisions } = this.draft.state;
    const made = rows.map((row) => {
      const touched = effects.changes.filter((change) => (row.kind === "label" ? change.label === row.label && change.question === row.question : change.source === row.question && !change.label));
      const count = Math.max(0, ...touched.map((change) => change.answers));
      const choose = (value) => {
        if (value) decisions[row.key] = value;
        else delete decisions[row.key];
        this.draft.touched();
        this.#count();
      };
      const words = row.kind === "label" ? `“${row.label}” in “${row.question}” is gone. Its ${answers(count)}` : `The question “${row.question}” is gone. Its ${answers(count)}`;
      const choice = select([["", "choose…"], ...row.options], decisions[row.key] || "", choose, { class: "input-auto", "data-key": row.key });
      return h("li", {}, h("label", { class: "row" }, h("span", {}, words), choice));
    });
    return [h("section", {}, h("h3", {}, "Decide what becomes of old answers"), h("ul", { class: "publish-decisions" }, made))];
  }

  #summary(effects) {
    if (!effects.answers) return h("p", { class: "well" }, "Nobody has answered yet: nothing is touched.");
    const lacking = Object.entries(effects.lacking).map(([question, count]) => `${number(count)} lack “${question}”`).join(", ");
    const words = effects.incomplete ? `${number(effects.incomplete)} of ${answers(effects.answers)} will be incomplete, on ${number(effects.incomplete_items)} of ${items(effects.items)}: ${lacking}.` : `All ${answers(effects.answers)} on ${items(effects.items)} read completely under the new version.`;
    const gold = effects.gold_incomplete ? ` ${number(effects.gold_incomplete)} gold questions will lack an answer.` : "";
    return h("p", { class: "well" }, words + gold, " Old answers stay as they are; this is how they read.");
  }

  // What else reads the questions: consensus, decisions, predictions, learning, saved views, snapshots.
  #consequences(effects) {
    if (!effects.consequences.length) return [];
    const rows = effects.consequences.map((one) => h("li", {}, h("span", { class: "grow" }, one.text), h("span", { class: one.kind === "views" ? "badge c-red" : "badge" }, counted(one))));
    return [h("section", {}, h("h3", {}, "What else it touches"), h("ul", { class: "publish-changes" }, rows))];
  }

  async #publish() {
    this.button.setAttribute("aria-busy", "true");
    this.problem.hidden = true;
    const body = { ...this.#request(), note: this.note.value, base_version: this.draft.base.version, ask_again: this.again.checked };
    try {
      this.onDone(await send(this.config.urls.publish, body));
    } catch (error) {
      this.#refuse(error);
    }
    this.button.removeAttribute("aria-busy");
  }

  #refuse(error) {
    const words = [error.message, ...error.faults.slice(0, 5).map((fault) => `${fault.path.join(" › ")}: ${fault.message}`)];
    if (error.status === 409) words.push("Reload this page: your draft is kept, and goes on from the version that is there.");
    this.problem.replaceChildren(...words.map((line) => h("p", {}, line)));
    this.problem.hidden = false;
    if (this.body.querySelector(".spinner")) this.body.replaceChildren();
  }
}
