// What gold questions teach: how the item before should have been, how far the training is, and a word of warning.
// Nothing of it waits for the person: the next answer, or Esc, takes it away.
const $ = (id) => document.getElementById(id);

/** What an answer says to one question, in the words of the form. */
export function said(question, value) {
  const title = (one) => question.labels?.find((label) => label.value === one)?.title ?? String(one);
  const words = [value].flat().map(title).join(", ");
  return question.unit ? `${words} ${question.unit}` : words;
}

/** How it should have been: only what was wrong; the question's title where there are several. */
export function correction(questions, { questions: right, answer }) {
  const wrong = questions.filter(({ name }) => right[name] === false);
  const words = wrong.map((question) => (questions.length > 1 ? `${question.title}: ` : "") + said(question, answer[question.name]));
  return words.join("; ");
}

export class Teach {
  constructor(questions) {
    this.questions = questions;
    this.panel = $("feedback");
  }

  get shown() {
    return !this.panel.hidden;
  }

  feedback(key, told) {
    const [head, text] = this.panel.querySelectorAll("[data-part]");
    head.textContent = told.right ? `The item before, ${key}: right.` : `The item before, ${key}, should have been ${correction(this.questions, told)}.`;
    text.textContent = told.explanation;
    this.panel.dataset.right = told.right;
    this.panel.hidden = false;
    $("live").textContent = `${head.textContent} ${text.textContent}`;
  }

  hide() {
    this.panel.hidden = true;
  }

  /** What the server says of this member with the next items. */
  standing({ training, warning }) {
    $("training").hidden = !training;
    if (training) $("training").textContent = `Training: ${training.done} of ${training.questions}`;
    if (warning === undefined || $("warning-words").textContent === warning) return;
    $("warning-words").textContent = warning;
    $("warning").hidden = !warning;
  }
}
