// The items that this tab holds: the first is on screen, the others wait behind it. Asking again is harmless, for the
// server first gives back what this tab holds already.
const AHEAD = 5; // items that wait behind the one on screen
const AHEAD_FLAKY = 12; // after a lost connection: enough to work through the next one
const LOOK_AGAIN = 10_000;
const LOOK_FOR_NEW = 60_000; // when everything is answered

export class Queue extends EventTarget {
  turns = [];
  status = "";
  detail = "";
  answered = 0;
  schema = null;
  standing = {}; // how far the training is, and a warning
  flaky = false; // the connection has been lost before
  failed = false; // the last question got no answer
  #renewed = Date.now();
  #asked = Date.now();
  #first = new Set(); // leases that go before the others when they come back
  #asking = null;

  constructor({ session, client, urls, pending, serial, leaseSeconds }) {
    super();
    Object.assign(this, { session, client, urls, pending, serial, leaseSeconds });
    this.lastActive = Date.now();
    setInterval(() => this.#tick(), LOOK_AGAIN);
    document.addEventListener("visibilitychange", () => this.#tick(true));
    addEventListener("online", () => this.#tick(true));
  }

  get ahead() {
    return this.flaky ? AHEAD_FLAKY : AHEAD;
  }

  /** How many leases to ask for so that enough remain once those that are pending are through. */
  wanted(pending) {
    return Math.min(50, this.ahead + 1 + pending);
  }

  accept(answer) {
    const pending = this.pending();
    const known = new Set(this.turns.map((turn) => turn.id));
    const fresh = answer.leases.filter((turn) => !known.has(turn.id) && !pending.has(turn.id));
    const urgent = fresh.filter((turn) => this.#first.delete(turn.id));
    this.turns = [...urgent, ...this.turns, ...fresh.filter((turn) => !urgent.includes(turn))];
    if (answer.status === "paused") this.turns = []; // they are with others already
    this.#keep(answer, fresh);
  }

  take(id) {
    this.turns = this.turns.filter((turn) => turn.id !== id);
  }

  /** When the server offers this lease again, it comes first. */
  expect(id) {
    this.#first.add(id);
  }

  refill() {
    this.#asking ??= this.serial(() => this.#ask()).finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #ask() {
    const count = this.wanted(this.pending().size);
    this.#asked = Date.now();
    try {
      this.accept(await this.session.call("POST", this.urls.next, { count, client: this.client }));
      this.failed = false;
    } catch (error) {
      this.failed = true;
      if ([403, 404].includes(error.status)) Object.assign(this, { failed: false, status: "gone", detail: error.message });
      this.dispatchEvent(new Event("failed"));
    }
  }

  #keep(answer, fresh) {
    if (answer.status) this.standing = answer;
    if (answer.status) Object.assign(this, { status: answer.status, detail: answer.detail, schema: answer.schema });
    if (answer.progress) this.answered = answer.progress.answered;
    this.dispatchEvent(new CustomEvent("change", { detail: fresh }));
  }

  #tick(back = false) {
    if (document.hidden) return;
    const term = this.leaseSeconds * 1000;
    const here = back || Date.now() - this.lastActive < term;
    if (this.turns.length && here && Date.now() - this.#renewed > term / 3) this.renew();
    else if (!this.turns.length && (back || this.status === "busy" || this.failed)) this.refill();
    else if (this.status === "finished" && Date.now() - this.#asked > LOOK_FOR_NEW) this.refill();
  }

  /** Keep what we hold for another term; what went to others meanwhile leaves the queue. */
  async renew() {
    this.#renewed = Date.now();
    const held = this.turns.map((turn) => turn.id);
    let kept;
    try {
      const answer = await this.session.call("POST", this.urls.renew, { client: this.client, leases: held });
      kept = new Set(answer.leases.map((lease) => lease.id));
    } catch {
      this.#renewed = 0; // at the next tick
      return;
    }
    const lost = held.filter((id) => !kept.has(id));
    if (!lost.length) return;
    const [current] = this.turns;
    this.turns = this.turns.filter((turn) => !lost.includes(turn.id));
    if (lost.includes(current?.id)) this.expect(current.id);
    await this.refill();
    if (lost.includes(current?.id) && this.turns[0]?.id !== current.id) this.dispatchEvent(new CustomEvent("lost", { detail: current }));
  }
}
