// The quiet indicator of what is saved. It changes at once when something is wrong and says "Saving" only when that
// takes long; a screen reader hears of troubles and of their end, not of every answer.
const PATIENCE = 400;

/** [kind, words] for what is going on. */
export function describe({ pending, failures, reached, signedIn, volatile, refused }, noun = "answer") {
  const count = (n) => `${n} ${noun}${n === 1 ? "" : "s"}`;
  if (refused) return ["danger", `${count(refused)} not accepted`];
  if (volatile && pending) return ["danger", `${count(pending)} only in this window: keep it open`];
  if (!signedIn) return ["warning", pending ? `Signed out: ${count(pending)} kept here` : "Signed out"];
  if (failures && !reached) return ["warning", `Offline: ${count(pending)} kept here`];
  if (failures) return ["warning", `${pending} unsaved, trying again`];
  return pending ? ["saving", "Saving"] : ["saved", "All saved"];
}

export class Status {
  #timer = 0;
  #trouble = false;

  constructor(button, live, noun) {
    Object.assign(this, { button, live, noun });
  }

  update(state) {
    const [kind, text] = describe(state, this.noun);
    clearTimeout(this.#timer);
    this.button.dataset.pending = state.pending;
    if (kind === "saving" && this.button.dataset.kind !== "saving") this.#timer = setTimeout(() => this.#show(kind, text), PATIENCE);
    else this.#show(kind, text);
  }

  #show(kind, text) {
    if (this.button.dataset.kind === kind && this.button.lastElementChild.textContent === text) return;
    this.button.dataset.kind = kind;
    this.button.lastElementChild.textContent = text;
    const trouble = kind !== "saved" && kind !== "saving";
    if (trouble || (this.#trouble && kind === "saved")) this.live.textContent = text;
    if (kind !== "saving") this.#trouble = trouble;
  }
}
