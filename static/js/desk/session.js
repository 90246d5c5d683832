// Who the server thinks we are. Requests go out only as the person that this page was made for: when the sign-in may have
// changed (the CSRF cookie does with each), we ask first; when it has run out, everything waits until it is back.
import { ApiError, csrf, request } from "./api.js";

export class Session extends EventTarget {
  state = "in"; // in, out, other (somebody else has signed in)
  #checked = csrf();

  constructor(user, urls) {
    super();
    this.user = user;
    this.urls = urls;
  }

  async call(method, url, body) {
    if (this.state !== "in") throw new ApiError(401);
    if (csrf() !== this.#checked) await this.#check();
    try {
      return await request(method, url, body, this.#checked);
    } catch (error) {
      if (error.status === 401 || error.code === "permission_denied") {
        this.#turn("out");
        throw new ApiError(401);
      }
      throw error;
    }
  }

  /** Look whether the right person is signed in (again). */
  async resume() {
    try {
      await this.#check();
    } catch {
      // Still out, or no connection: the state says which.
    }
    return this.state === "in";
  }

  /** Sign in by name and password. Returns what went wrong, in words, or "". */
  async signIn(username, password) {
    try {
      await fetch(this.urls.login, { signal: AbortSignal.timeout(10_000) }); // sets the CSRF cookie
      const body = new URLSearchParams({ username, password, csrfmiddlewaretoken: csrf() });
      const answer = await fetch(this.urls.login, { method: "POST", body, redirect: "manual" });
      if (answer.status === 429) return "Too many wrong passwords. Wait five minutes, then try again.";
      if (answer.type !== "opaqueredirect") return "That did not match. Check the password; capitals count.";
    } catch {
      return "There is no connection to the server. Try again when it is back.";
    }
    return (await this.resume()) ? "" : "That is not the person this page belongs to.";
  }

  async #check() {
    const token = csrf();
    let me;
    try {
      me = await request("GET", this.urls.me, undefined, token);
    } catch (error) {
      if (error.status === 401) this.#turn("out");
      throw error;
    }
    if (me.id !== this.user.id) {
      this.#turn("other");
      throw new ApiError(401);
    }
    this.#checked = token;
    this.#turn("in");
  }

  #turn(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}
