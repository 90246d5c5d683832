// What this browser keeps for one person: localStorage that never throws. When it is full or forbidden, memory stands
// in, and `set` answers false: that will not outlive the page.
const ALL = "querent.";

export class Store {
  #memory = new Map();

  constructor(user) {
    this.prefix = `${ALL}${user}.`;
  }

  get(key) {
    try {
      return JSON.parse(this.#memory.get(key) ?? localStorage.getItem(this.prefix + key));
    } catch {
      return null;
    }
  }

  set(key, value) {
    const text = JSON.stringify(value);
    for (const makeRoom of [true, false]) {
      try {
        localStorage.setItem(this.prefix + key, text);
        this.#memory.delete(key);
        return true;
      } catch {
        if (makeRoom) this.#dropDrafts(key);
      }
    }
    this.#memory.set(key, text);
    return false;
  }

  remove(key) {
    this.#memory.delete(key);
    try {
      localStorage.removeItem(this.prefix + key);
    } catch {
      // Forbidden: there was nothing to remove.
    }
  }

  /** Every key that starts so, in order. */
  keys(start) {
    const found = new Set([...this.#memory.keys()].filter((key) => key.startsWith(start)));
    const whole = this.prefix + start;
    try {
      for (const name of Object.keys(localStorage)) if (name.startsWith(whole)) found.add(name.slice(this.prefix.length));
    } catch {
      // Forbidden: memory is all there is.
    }
    return [...found].sort();
  }

  // Drafts are also on the server; unsent answers are only here.
  #dropDrafts(spared) {
    for (const key of this.keys("draft.")) if (key !== spared) this.remove(key);
  }
}
