// Which key does what. A person's own keys replace the defaults (static/js/desk/keys.js says how keys are named).
export const ACTIONS = {
  submit: ["Enter", "Submit the answer"],
  adopt: ["a", "Adopt the suggestion"],
  skip: ["s", "Skip"],
  skip_reason: ["Shift+s", "Skip and say why"],
  undo: ["Mod+z", "Undo: back to the previous item"],
  previous: ["ArrowLeft", "Earlier answer"],
  next: ["ArrowRight", "Later answer"],
  flag: ["f", "Flag for the managers"],
  comment: ["c", "Comments"],
  guidelines: ["g", "Guidelines"],
  zoom: ["z", "Enlarge the picture"],
  help: ["?", "This list"],
};

export class Keys {
  constructor(own) {
    this.own = own;
  }

  keyOf(action) {
    return this.own[action] || ACTIONS[action][0];
  }

  actionOf(name) {
    const found = Object.keys(ACTIONS).find((action) => this.keyOf(action) === name);
    return found || (name === "Space" ? "skip" : undefined);
  }

  /** The same keys with this one changed; only what differs from the defaults. */
  with(action, name) {
    const own = { ...this.own, [action]: name };
    for (const [other, [key]] of Object.entries(ACTIONS)) if (own[other] === key) delete own[other];
    return own;
  }
}
