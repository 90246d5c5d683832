// The list of keys, which is also where a person changes them.
import { nameOf, printed } from "../desk/keys.js";
import { ACTIONS } from "./keys.js";

const $ = (id) => document.getElementById(id);

export class Help {
  #editing = null;

  constructor({ keys, questions, save }) {
    Object.assign(this, { keys, save });
    this.dialog = $("shortcuts");
    this.list = $("keys");
    this.message = $("keys-message");
    this.labels = new Map();
    for (const { labels = [] } of questions) {
      for (const label of labels) if (label.hotkey) this.labels.set(label.hotkey.toLowerCase(), label.title || label.value);
    }
    this.list.addEventListener("click", (event) => event.target.closest("button") && this.#edit(event.target.closest("button")));
    this.dialog.addEventListener("keydown", (event) => this.#editing && this.#press(event));
    this.dialog.addEventListener("close", () => this.#stop());
    $("keys-reset").addEventListener("click", () => this.#keep({}, "The keys are the usual ones again."));
    this.#draw();
    this.hints();
  }

  open() {
    this.message.textContent = "";
    this.dialog.showModal();
  }

  /** The hints on the buttons. */
  hints() {
    for (const hint of document.querySelectorAll("kbd[data-key]")) hint.textContent = printed(this.keys.keyOf(hint.dataset.key));
  }

  #draw() {
    const rows = Object.entries(ACTIONS).map(([action, [, title]]) => {
      const row = $("keys-row").content.cloneNode(true).firstElementChild;
      const name = printed(this.keys.keyOf(action)) + (action === "skip" && this.keys.actionOf("Space") === "skip" ? " or Space" : "");
      row.querySelector("span").textContent = title;
      row.querySelector("kbd").textContent = name;
      const button = row.querySelector("button");
      button.value = action;
      button.setAttribute("aria-label", `Change the key of: ${title} (now ${name})`);
      return row;
    });
    this.list.replaceChildren(...rows);
  }

  #edit(button) {
    this.#stop();
    this.#editing = button;
    button.textContent = "Press a key";
    this.message.textContent = "";
  }

  #stop() {
    if (this.#editing) this.#editing.textContent = "Change";
    this.#editing = null;
  }

  #press(event) {
    const name = nameOf(event);
    if (!name) return;
    event.preventDefault();
    const action = this.#editing.value;
    const problem = name === "Escape" ? "Nothing was changed." : this.#conflict(action, name);
    this.#stop();
    if (problem) this.message.textContent = problem;
    else this.#keep(this.keys.with(action, name), `${printed(name)} now does: ${ACTIONS[action][1]}.`, action);
  }

  /** Why this key cannot be used, or "". */
  #conflict(action, name) {
    const other = this.keys.actionOf(name);
    if (other && other !== action) return `${printed(name)} already does: ${ACTIONS[other][1]}. Choose another key, or change that one first.`;
    if (this.labels.has(name)) return `${printed(name)} is the key of the label ${this.labels.get(name)}.`;
    if (/^\d$/.test(name)) return "The digits choose labels.";
    return ["Tab", "Escape", "Space"].includes(name) ? `${name} has a fixed meaning.` : "";
  }

  async #keep(own, message, action) {
    const before = this.keys.own;
    this.keys.own = own;
    try {
      await this.save(own);
      this.message.textContent = message;
    } catch (error) {
      this.keys.own = before;
      this.message.textContent = `The keys could not be saved: ${error.message}`;
    }
    this.#draw();
    this.hints();
    this.list.querySelector(`button[value="${action}"]`)?.focus();
  }
}
