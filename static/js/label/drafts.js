// Unfinished answers: in this browser at once, on the server after a moment.
const MOMENT = 2000;
const OLD = 14 * 86_400_000;

export class Drafts {
  #waiting = null;
  #timer = 0;

  constructor({ store, session, urls }) {
    Object.assign(this, { store, session, urls });
    for (const key of store.keys("draft.")) if (Date.now() - store.get(key)?.at > OLD) store.remove(key);
    addEventListener("pagehide", () => this.flush());
  }

  load(turn) {
    return this.store.get(`draft.${turn.id}`)?.answer ?? turn.draft;
  }

  save(lease, answer) {
    this.store.set(`draft.${lease}`, { answer, at: Date.now() });
    if (this.#waiting && this.#waiting.lease !== lease) this.flush();
    this.#waiting = { lease, answer };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), MOMENT);
  }

  flush() {
    const draft = this.#waiting;
    clearTimeout(this.#timer);
    this.#waiting = null;
    if (!draft) return;
    // When it does not arrive, the copy in this browser is enough.
    this.session.call("PUT", this.urls.draft.replace("/0/", `/${draft.lease}/`), { answer: draft.answer }).catch(() => {});
  }

  forget(lease) {
    if (this.#waiting?.lease === lease) {
      clearTimeout(this.#timer);
      this.#waiting = null;
    }
    this.store.remove(`draft.${lease}`);
  }
}
