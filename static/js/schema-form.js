// A form to look at and to try; nothing of it is sent.
import { AnswerForm } from "./questions/form.js";

const desk = document.querySelector("[data-form]");
const form = new AnswerForm(desk.querySelector("[data-answer-form]"), JSON.parse(document.getElementById("schema-questions").textContent));
desk.addEventListener("keydown", (event) => form.handleKey(event));
