// Disputes in which the same people said the same: look at the list, then decide all by one answer.
import { unique } from "../desk/api.js";
import { chips, count, make } from "./words.js";

const $ = (id) => document.getElementById(id);
const brief = (payload) => Object.values(payload).map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" · ").slice(0, 300);

/** Open the dialog for this dispute; calls back with the ids that are decided. */
export async function alike(dispute, { session, urls, questions, note, decided }) {
  const dialog = $("alike");
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector("[role=alert]");
  const [answers, list, every, go, report] = ["alike-answers", "alike-list", "alike-every", "alike-go", "alike-report"].map($);
  const boxes = () => [...list.querySelectorAll("input")];
  const chosen = () => boxes().filter((box) => box.checked).map((box) => Number(box.value));
  const label = () => {
    const n = chosen().length + 1;
    go.textContent = `Decide ${count(n, "item")}`;
    go.disabled = false;
    every.checked = chosen().length === boxes().length;
    every.indeterminate = !every.checked && chosen().length > 0;
  };
  problem.textContent = "";
  report.replaceChildren();
  list.replaceChildren(make("li", "help", "Loading"));
  answers.replaceChildren(answers.querySelector("legend"), ...dispute.answers.map((given, n) => answerLine(given, n, questions)));
  go.disabled = true;
  every.onchange = () => {
    for (const box of boxes()) box.checked = every.checked;
    label();
  };
  list.onchange = label;
  const nonce = unique();
  form.onsubmit = async (event) => {
    event.preventDefault();
    problem.textContent = "";
    const given = dispute.answers[form.elements.by.value];
    go.setAttribute("aria-busy", "true");
    try {
      const items = [dispute.item.id, ...chosen()];
      const answer = await session.call("POST", urls.all, { items, answer: given.answer, note, nonce });
      decided(answer.decided);
      tell(report, answer, new Map(boxes().map((box) => [Number(box.value), box.dataset.key])));
      if (!answer.refused.length) dialog.close();
      else go.disabled = true;
    } catch (error) {
      problem.textContent = error.message;
    }
    go.removeAttribute("aria-busy");
  };
  dialog.showModal();
  try {
    const found = await session.call("GET", urls.alike.replace("/0/", `/${dispute.item.id}/`));
    list.replaceChildren(...found.results.map(itemLine));
    label();
  } catch (error) {
    list.replaceChildren();
    problem.textContent = error.message;
  }
}

function answerLine(given, position, questions) {
  const line = make("label", "check");
  const radio = make("input");
  Object.assign(radio, { type: "radio", name: "by", value: position, checked: position === 0, required: true });
  const words = make("span");
  words.append(make("strong", "", `${given.letter} `));
  for (const question of questions) if (given.answer[question.name] !== undefined) words.append(...chips(question, given.answer[question.name]).flatMap((chip) => [chip, " "]));
  line.append(radio, words);
  return line;
}

function itemLine({ id, key, payload }) {
  const line = make("li");
  const label = make("label", "check");
  const box = make("input");
  Object.assign(box, { type: "checkbox", value: id, checked: true });
  box.dataset.key = key;
  const words = make("span", "", key);
  words.append(make("span", "helptext clamp", brief(payload)));
  label.append(box, words);
  line.append(label);
  return line;
}

function tell(place, { decided, refused }, keys) {
  const box = make("div", `banner ${refused.length ? "is-warning" : "is-success"}`);
  const words = make("div", "stack stack-sm");
  words.append(make("strong", "", `${count(decided.length, "item")} decided, ${refused.length.toLocaleString()} not:`));
  const list = make("ul");
  list.append(...refused.map(({ item, reason }) => make("li", "", `${keys.get(item) ?? "This item"}: ${reason}`)));
  words.append(list);
  box.append(words);
  place.replaceChildren(box);
}
