// The known answer of an item, given in the labeling form.
import { AnswerForm } from "./questions/form.js";

const json = (id) => JSON.parse(document.getElementById(id).textContent);
const form = document.querySelector("form[data-gold]");
const answer = new AnswerForm(form.querySelector("[data-answer-form]"), json("gold-questions"));
answer.set(json("gold-answer"));
form.addEventListener("keydown", (event) => answer.handleKey(event));

// Before the listener that sends a form once and makes its button busy.
form.addEventListener(
  "submit",
  (event) => {
    form.elements.answer.value = JSON.stringify(answer.value());
    if (answer.report()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
form.dataset.ready = "yes";
