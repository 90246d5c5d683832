// The labeling form of the draft, drawn by the server with the templates of the labeling page, and what is wrong with the draft.
import { AnswerForm } from "../questions/form.js";
import { h } from "./dom.js";
import { send } from "./send.js";

const PAUSE = 300;

export class Preview {
  #timer;
  #turn = 0;
  #form = null;

  /** onResult({faults, questions}) after each answer of the server. */
  constructor(root, draft, { url, onResult }) {
    Object.assign(this, { root, draft, url, onResult });
    this.desk = root.querySelector("[data-preview]");
    this.state = root.querySelector("[data-preview-state]");
    this.value = root.querySelector("[data-preview-value]");
    this.desk.addEventListener("keydown", (event) => this.#form?.handleKey(event));
    this.refresh();
  }

  /** Soon: when nobody has typed for a moment. */
  later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), PAUSE);
  }

  async refresh() {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    if (!this.draft.questions.length) return this.#empty();
    let found;
    try {
      found = await send(this.url, this.draft.schema());
    } catch (error) {
      if (turn === this.#turn) this.state.textContent = error.message;
      return;
    }
    // Only the answer to the latest question counts.
    if (turn !== this.#turn) return;
    const count = found.faults.length;
    this.state.textContent = count ? `Waits for ${count === 1 ? "one thing" : `${count} things`} to be put right.` : "";
    this.desk.toggleAttribute("data-stale", count > 0);
    if (!count) this.#show(found);
    this.onResult(found);
  }

  #empty() {
    this.#form = null;
    this.desk.replaceChildren(h("p", { class: "muted" }, "Add a question to see the form."));
    this.desk.removeAttribute("data-stale");
    this.value.textContent = "{}";
    this.state.textContent = "";
    this.onResult({ faults: [], questions: [] });
  }

  #show({ form, sample, questions }) {
    const said = this.#form?.value();
    const hadFocus = this.desk.contains(document.activeElement);
    const item = h("div", { class: "preview-item" });
    const place = h("div", {});
    item.innerHTML = sample;
    place.innerHTML = form;
    this.desk.replaceChildren(...(this.desk.dataset.item ? [item, place] : [place]));
    this.#form = new AnswerForm(place.querySelector("[data-answer-form]"), questions, { onChange: (value) => this.#tell(value) });
    if (said) this.#form.set(said);
    if (hadFocus) this.desk.focus();
    this.#tell(this.#form.value());
  }

  #tell(value) {
    this.value.textContent = JSON.stringify(value, null, 2);
    const waiting = this.desk.querySelectorAll("[data-question][hidden]").length;
    this.state.textContent = waiting ? `${waiting === 1 ? "One more question" : `${waiting} more questions`}, depending on the answers` : "";
  }
}
