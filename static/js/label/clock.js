// Attention: seconds for which an item was on screen in a window that was visible and in front.
export class Clock {
  #sum = 0;
  #since = null;

  constructor() {
    const look = () => this.#switch();
    document.addEventListener("visibilitychange", look);
    addEventListener("focus", look);
    addEventListener("blur", look);
  }

  start() {
    this.#sum = 0;
    this.#since = null;
    this.#switch();
  }

  seconds() {
    this.#switch();
    return Math.min(86_400, Math.round(this.#sum) / 1000);
  }

  #switch() {
    const now = performance.now();
    if (this.#since !== null) this.#sum += now - this.#since;
    this.#since = !document.hidden && document.hasFocus() ? now : null;
  }
}
