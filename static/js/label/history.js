// My own answers in this project, walked backwards and forwards: first those of this page, then older ones of the server.
// Record: {annotation, nonce, lease, item, answer}; `annotation` is null until the server has confirmed it.
export class History {
  records = []; // oldest first
  #at = null; // position of the one on screen; null: the present
  #older = true;
  #loading = false;

  constructor({ session, urls }) {
    Object.assign(this, { session, urls });
  }

  add(record) {
    this.records.push(record);
  }

  /** The server has kept the answer with this nonce as this annotation. */
  confirm(nonce, annotation) {
    const record = this.records.find((one) => one.nonce === nonce);
    if (record) record.annotation = annotation;
  }

  get away() {
    return this.#at !== null;
  }

  leave() {
    this.#at = null;
  }

  /** The record before the one on screen; null when there is none, undefined when the person went elsewhere meanwhile. */
  async back() {
    const at = this.#at ?? this.records.length;
    if (at > 0) return this.records[(this.#at = at - 1)];
    if (!this.#older) return null;
    if (this.#loading) return undefined;
    this.#loading = true;
    const [place, count] = [this.#at, this.records.length];
    try {
      const found = await this.#load();
      this.records.unshift(...found);
      if (this.#at !== null) this.#at += found.length;
      if (place !== (this.#at === null ? null : this.#at - found.length) || count + found.length !== this.records.length) return undefined;
      if (found.length) return this.records[(this.#at = found.length - 1)];
    } finally {
      this.#loading = false;
    }
    return this.#older ? this.back() : null;
  }

  /** The record after the one on screen; null for the present. */
  forward() {
    if (this.#at === null) return null;
    this.#at = this.#at + 1 < this.records.length ? this.#at + 1 : null;
    return this.#at === null ? null : this.records[this.#at];
  }

  async #load() {
    const oldest = this.records.find((record) => record.annotation)?.annotation;
    const answer = await this.session.call("GET", oldest ? `${this.urls.mine}?before=${oldest}` : this.urls.mine);
    this.#older = Boolean(answer.next);
    const known = new Set(this.records.map((record) => record.lease));
    return answer.results.filter((record) => !known.has(record.lease)).reverse();
  }
}
