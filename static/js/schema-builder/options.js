// What a question has besides labels, by type.
import { check, field, h } from "./dom.js";

const number = (editor, question, key, path, placeholder = "") =>
  editor.input(question, key, `${path}.${key}`, { number: true, placeholder });
const words = (editor, question, key, path, maxlength) => editor.input(question, key, `${path}.${key}`, { maxlength });
const optional = { optional: true };

const OPTIONS = {
  multiple_choice: (editor, question, path) => [
    field("At least", number(editor, question, "min_choices", path, "1"), { help: "0 makes “none of these” an answer." }),
    field("At most", number(editor, question, "max_choices", path, "all"), optional),
  ],
  rating: (editor, question, path) => [
    field("From", number(editor, question, "min", path, "1")),
    field("To", number(editor, question, "max", path, "5")),
    field("The lowest means", words(editor, question, "min_text", path, 60), optional),
    field("The highest means", words(editor, question, "max_text", path, 60), optional),
  ],
  number: (editor, question, path) => [
    field("At least", number(editor, question, "min", path), optional),
    field("At most", number(editor, question, "max", path), optional),
    field("In steps of", number(editor, question, "step", path), optional),
    field("Unit", words(editor, question, "unit", path, 20), optional),
  ],
  text: (editor, question, path) => [
    field("Characters at most", number(editor, question, "max_length", path, "10000"), optional),
    check("Several lines", question.multiline ?? true, (on) => editor.draft.change(() => (question.multiline = on)), { role: "switch" }),
  ],
};

export function options(editor, question, path) {
  const made = OPTIONS[question.type]?.(editor, question, path);
  return made ? h("div", { class: "fields builder-options" }, made) : null;
}
