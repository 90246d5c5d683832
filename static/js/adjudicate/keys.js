// Which key does what, in the order of the list.
export const KEYS = {
  Enter: ["decide", "Decide by the chosen answer; in an edit, by what it says"],
  e: ["edit", "Edit: begin with the likeliest answer"],
  m: ["more", "Ask for one more answer"],
  b: ["back", "Send back to the annotators, with a comment"],
  r: ["retire", "Retire: it cannot be answered"],
  s: ["pass", "Put off; so does Space"],
  n: ["note", "A note that goes with the next step"],
  a: ["alike", "Disputes like this one: decide all at once"],
  c: ["comments", "Comments"],
  g: ["guidelines", "Guidelines"],
  z: ["undo", "Undo the last step; so does Ctrl Z"],
  "?": ["help", "This list"],
};
const MORE = { Space: "pass", "Mod+z": "undo" };

export const actionOf = (name) => KEYS[name]?.[0] ?? MORE[name];

/** Fill the list of keys. */
export function list(place) {
  for (const [name, [, title]] of Object.entries(KEYS)) {
    const [term, key, words] = ["dt", "kbd", "dd"].map((tag) => document.createElement(tag));
    key.textContent = name.length === 1 ? name.toUpperCase() : name;
    words.textContent = title;
    term.append(key);
    place.append(term, words);
  }
}
