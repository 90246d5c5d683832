// Answers on their way to the server. Each is stored before the next item is painted and removed when the server has
// confirmed it, so that it outlives reloads, lost connections and expired sessions; its nonce makes a resend harmless.
// Entry: {key, kind, client, project, url, item, body, lease?, due?, of?, annotation?}; kinds are those of the page that adds them
// (submit, skip, revise; decide, ...), and any page sends what another one has left behind.
import { inNameOf } from "./tab.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
const LATER = new Set([0, 401, 408, 425, 429, 502, 503, 504]); // says nothing about this one answer: wait, then go on

export class Outbox extends EventTarget {
  failures = 0;
  error = null;
  #count = 0;
  #running = false;
  #again = false;
  #timer = 0;

  constructor({ store, session, client, project, urls, wanted, serial }) {
    super();
    Object.assign(this, { store, session, client, project, urls, wanted, serial });
    this.volatile = false; // whether an entry could not be stored
    addEventListener("online", () => this.kick());
    addEventListener("storage", (event) => event.key?.includes(".out.") && this.#changed());
    session.addEventListener("change", () => (this.session.state === "in" ? this.kick() : this.#changed()));
  }

  entries() {
    return this.store.keys("out.").map((key) => this.store.get(key)).filter(Boolean);
  }

  /** Ids of this tab's leases that are answered or skipped, but not yet for the server. */
  leases() {
    return new Set(this.entries().filter((entry) => entry.client === this.client && entry.lease).map((entry) => entry.lease));
  }

  add(entry) {
    // Sorts by time, then by order within this page.
    const key = `out.${String(Date.now()).padStart(15, "0")}.${String(this.#count++).padStart(6, "0")}.${entry.body.nonce || entry.lease}`;
    const kept = this.store.set(key, { ...entry, key, client: this.client, project: this.project });
    this.volatile ||= !kept;
    this.#changed();
    this.kick(entry.due ? entry.due - Date.now() : 0);
    return key;
  }

  /** Take back what has not been sent yet; false when it is too late. */
  withdraw(key) {
    const entry = this.store.get(key);
    if (!(entry?.due > Date.now())) return false;
    this.#drop(entry);
    return true;
  }

  /** Send what is due, now or in a while. */
  kick(wait = 0) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), wait);
  }

  /** Nothing else to do: send also what was held back for a moment. */
  hurry() {
    for (const entry of this.entries()) if (entry.due) this.store.set(entry.key, { ...entry, due: 0 });
    this.kick();
  }

  async #run() {
    if (this.#running) return (this.#again = true);
    this.#running = true;
    try {
      do {
        this.#again = false;
        await this.#pass();
      } while (this.#again && !this.failures);
    } finally {
      this.#running = false;
    }
    const waiting = this.entries();
    if (!waiting.length) this.volatile = false;
    this.#changed();
    if (this.failures) this.kick(this.#pause());
    else if (waiting.length) this.kick(Math.max(500, Math.min(...waiting.map((entry) => entry.due || 0)) - Date.now()));
  }

  async #pass() {
    this.error = null;
    let failed = false;
    for (const client of new Set([this.client, ...this.entries().map((entry) => entry.client)])) {
      const send = async () => (failed = !(await this.#sendAll(client)) || failed);
      await (client === this.client ? send() : inNameOf(client, send));
      if (failed && LATER.has(this.error?.status)) break;
    }
    this.failures = failed ? this.failures + 1 : 0;
  }

  /** False when something is left that has to be tried again. */
  async #sendAll(client) {
    let complete = true;
    for (const { key } of this.entries().filter((entry) => entry.client === client)) {
      const entry = this.store.get(key);
      if (!entry || entry.due > Date.now()) continue;
      if (entry.of && !entry.annotation) {
        if (!this.#lost(entry)) continue;
        this.#refuse(entry, { code: "conflict", message: "The answer that this one corrects was not accepted." });
      } else if (!(await this.serial(() => this.#send(entry)))) {
        complete = false;
        if (LATER.has(this.error.status)) break;
      }
    }
    return complete;
  }

  async #send(entry) {
    const here = entry.client === this.client && entry.project === this.project && entry.kind !== "revise";
    const body = here && entry.lease ? { ...entry.body, client: this.client, next: this.wanted(entry) } : entry.body;
    const url = entry.kind === "revise" ? this.urls.revise.replace("/0/", `/${entry.annotation}/`) : entry.url;
    try {
      const answer = await this.session.call("POST", url, body);
      this.#confirm(entry, answer);
    } catch (error) {
      if (LATER.has(error.status) || error.status >= 500) {
        this.error = error;
        return false;
      }
      this.#refuse(entry, error);
    }
    return true;
  }

  #confirm(entry, answer) {
    for (const other of this.entries()) {
      if (entry.body.nonce && other.of === entry.body.nonce) this.store.set(other.key, { ...other, annotation: answer.id });
    }
    this.#drop(entry);
    this.failures = 0;
    this.#tell("sent", { entry, answer, here: entry.client === this.client && entry.project === this.project });
  }

  #refuse(entry, error) {
    this.#drop(entry);
    this.#tell("refused", { entry, error });
  }

  /** Whether the answer that this one corrects is neither confirmed nor waiting. */
  #lost(entry) {
    return !this.entries().some((other) => other.body.nonce === entry.of);
  }

  #drop(entry) {
    this.store.remove(entry.key);
    this.#changed();
  }

  #pause() {
    const asked = (this.error?.retryAfter || 0) * 1000;
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.failures - 1, 10));
    return Math.max(asked, pause * (0.5 + Math.random())); // spread, so that a restarted server is not stormed
  }

  #changed() {
    this.#tell("change");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
