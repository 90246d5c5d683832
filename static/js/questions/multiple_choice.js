// Any number of labels, within limits.
import { filter, inputsOf } from "./choices.js";

export function attach(element, question, changed) {
  const { all, byKey, byValue } = inputsOf(element);
  const least = question.min_choices;
  const most = question.max_choices ?? all.length;
  const chosen = () => all.filter((input) => input.checked).map((input) => input.value);
  const toggle = (input) => {
    input.checked = !input.checked;
    changed();
  };
  element.addEventListener("change", (event) => event.target.type === "checkbox" && changed());
  filter(element, all, toggle);
  return {
    read() {
      const values = chosen();
      // "None of these" is an answer only where the definition allows it.
      return values.length || (question.required && least === 0) ? values : null;
    },
    write(values) {
      const wanted = new Set(Array.isArray(values) ? values : []);
      for (const input of all) if (input.checked !== wanted.has(input.value)) input.checked = !input.checked;
    },
    said: chosen,
    fault() {
      const count = chosen().length;
      if (count > most) return `Choose at most ${most}; ${count} are chosen.`;
      return count && count < least ? `Choose at least ${least}.` : "";
    },
    focus: () => all[0]?.focus(),
    press(key, repeat) {
      const input = byKey.get(key);
      if (!input) return false;
      if (!repeat) toggle(input);
      input.scrollIntoView({ block: "nearest" });
      return true;
    },
  };
}
