// The disputes on this expert's desk: the first is on screen, the others wait behind it. Asking again is harmless, and
// renews the claim on what lies here.
const AHEAD = 6;
const LOOK_AGAIN = 10_000;
const LOOK_FOR_NEW = 60_000; // when nothing is disputed

export class Desk extends EventTarget {
  disputes = [];
  status = "";
  detail = "";
  counts = null; // {open, own, sent_back, held} as the server last told
  failed = false; // the last question got no answer
  passed = new Set(); // put off for now
  #handled = new Set(); // dealt with here; the server may not know yet
  #asking = null;
  #asked = 0;
  #first;

  constructor({ session, urls, serial, pending, first, claimSeconds }) {
    super();
    Object.assign(this, { session, urls, serial, pending });
    this.renewal = (claimSeconds * 1000) / 3;
    this.#first = first;
    setInterval(() => this.#tick(), LOOK_AGAIN);
    document.addEventListener("visibilitychange", () => this.#tick(true));
    addEventListener("online", () => this.#tick(true));
  }

  /** Off the desk: a step is on its way, or it is put off. */
  take(dispute) {
    this.disputes = this.disputes.filter((one) => one !== dispute);
    this.#handled.add(dispute.item.id);
    if (this.disputes.length < AHEAD / 2) this.refill();
  }

  pass(dispute) {
    this.passed.add(dispute.item.id);
    this.take(dispute);
  }

  /** Back on the desk, before the others. */
  return(dispute) {
    this.#handled.delete(dispute.item.id);
    this.passed.delete(dispute.item.id);
    this.disputes = [dispute, ...this.disputes.filter((one) => one.item.id !== dispute.item.id)];
  }

  /** The server did not take what was done with this item; it may come again. */
  forget(item) {
    this.#handled.delete(item);
  }

  drop(items) {
    const gone = new Set(items);
    this.disputes = this.disputes.filter((one) => !gone.has(one.item.id));
    for (const item of gone) this.#handled.add(item);
  }

  resume() {
    for (const item of this.passed) this.#handled.delete(item);
    this.passed.clear();
    return this.refill();
  }

  refill() {
    this.#asking ??= this.serial(() => this.#ask()).finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #ask() {
    this.#asked = Date.now();
    const passed = [...new Set([...this.passed, ...this.pending()])].slice(-1000);
    try {
      const answer = await this.session.call("POST", this.urls.claim, { count: AHEAD, passed, first: this.#first });
      this.failed = false;
      this.#accept(answer);
    } catch (error) {
      this.failed = true;
      if ([403, 404].includes(error.status)) Object.assign(this, { failed: false, status: "gone", detail: error.message });
      this.dispatchEvent(new CustomEvent("change", { detail: [] }));
    }
  }

  #accept(answer) {
    const known = new Set(this.disputes.map((one) => one.item.id));
    const pending = this.pending();
    const fresh = answer.disputes.filter(({ item }) => !known.has(item.id) && !pending.has(item.id) && !this.passed.has(item.id));
    // What was dealt with here and is offered again is disputed again.
    for (const { item } of fresh) this.#handled.delete(item.id);
    const first = fresh.filter(({ item }) => item.id === this.#first);
    this.disputes = [...first, ...this.disputes, ...fresh.filter((one) => !first.includes(one))];
    if (this.#first && answer.detail) this.dispatchEvent(new CustomEvent("refused", { detail: answer.detail }));
    this.#first = null;
    this.status = answer.status;
    this.counts = answer;
    this.dispatchEvent(new CustomEvent("change", { detail: fresh }));
  }

  #tick(back = false) {
    if (document.hidden) return;
    const since = Date.now() - this.#asked;
    if (this.disputes.length ? since > this.renewal : back || this.failed || this.status === "busy" || since > LOOK_FOR_NEW) this.refill();
  }
}
