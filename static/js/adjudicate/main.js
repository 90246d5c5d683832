// The page of adjudication: what is on screen, and what each action does to it. As on the labeling page, everything that
// a person waits for happens at once, in the handler of the key; the network comes after.
import { unique } from "../desk/api.js";
import { ask } from "../desk/ask.js";
import { ItemView } from "../desk/item.js";
import { inText, nameOf, native, singleKeysOff } from "../desk/keys.js";
import { watchRefused, watchSession } from "../desk/notices.js";
import { Outbox } from "../desk/outbox.js";
import { Session } from "../desk/session.js";
import { Status } from "../desk/status.js";
import { Store } from "../desk/store.js";
import { claim } from "../desk/tab.js";
import { ask as confirm } from "../lib/dialogs.js";
import { toast } from "../lib/toasts.js";
import { AnswerForm } from "../questions/form.js";
import { alike } from "./alike.js";
import { watchAmend } from "./amend.js";
import { Desk } from "./desk.js";
import { actionOf, list } from "./keys.js";
import { DisputeView } from "./view.js";
import { count, day, make, percent } from "./words.js";

const SECOND_THOUGHTS = 4000; // milliseconds in which a step that cannot be reopened can be undone

const $ = (id) => document.getElementById(id);
const config = JSON.parse($("desk-config").textContent);
const { urls, user, questions } = config;
const desk = $("desk");

const store = new Store(user.id);
const session = new Session(user, urls);
const client = await claim(unique());

// One request about disputes at a time, so that a late answer never brings back what is done.
let line = Promise.resolve();
const serial = (work) => (line = line.then(work, work));

const outbox = new Outbox({ store, session, client, project: config.project, urls, serial });
const pending = () => new Set(outbox.entries().filter((entry) => entry.desk && entry.kind !== "reopen").map((entry) => entry.item.id));
const queue = new Desk({ session, urls, serial, pending, first: config.first, claimSeconds: config.claim_seconds });
const itemView = new ItemView($("item-body"), { fields: config.fields, media: urls.media });
const view = new DisputeView({ questions });
const status = new Status($("saved"), $("live"), "decision");
const form = new AnswerForm($("questions"), questions, {});
const refused = watchRefused(store, outbox, update);
const amend = watchAmend({ session, urls, base: config.base });

let dispute = null; // on screen
let editing = false;
let note = "";
let next = null; // paints what follows, once the choice has been painted
const done = []; // steps of this page that may be undone: {dispute, kind, nonce, key, confirmed}
let decided = 0;

// What is on screen

function present() {
  next = null;
  [dispute = null] = queue.disputes;
  stopEditing();
  keepNote("");
  if (!dispute) return empty();
  itemView.show(dispute.item);
  view.show(dispute);
  $("panel").scrollTop = 0;
  $("item-key").textContent = dispute.item.key;
  $("item-key").href = urls.item.replace("/0/", `/${dispute.item.id}/`);
  $("why").textContent = why(dispute);
  $("decide").disabled = true;
  $("alike-open").hidden = !dispute.alike;
  $("alike-words").textContent = `${count(dispute.alike, "other")} alike: decide all at once`;
  desk.dataset.view = "turn";
}

function why({ item, differing }) {
  const titles = questions.filter((question) => differing.includes(question.name)).map((question) => question.title);
  const on = titles.length && questions.length > 1 ? `Disputed on ${titles.join(", ")}` : titles.length ? "Answers differ" : "Answers agree, and yet leave doubt";
  return `${on} · doubt ${percent(item.doubt)}`;
}

function empty() {
  desk.dataset.view = "empty";
  if (!queue.status || queue.status === "ok") queue.refill();
  update();
}

function whyEmpty() {
  const stuck = outbox.failures || queue.failed || session.state !== "in";
  if (queue.status === "gone") return "gone";
  if (outbox.entries().length || !queue.status || queue.status === "ok") return stuck ? "waiting" : "loading";
  return queue.passed.size ? "passed" : queue.status;
}

/** Everything around the item: progress, what is saved, why there is nothing to do. */
function update() {
  const waiting = outbox.entries();
  $("mine").textContent = decided.toLocaleString();
  if (queue.counts) $("left").textContent = left(queue.counts.open);
  status.update({
    pending: waiting.length,
    failures: outbox.failures,
    reached: outbox.error?.status > 0,
    signedIn: session.state === "in",
    volatile: outbox.volatile,
    refused: refused.count(),
  });
  if (dispute) return;
  const reason = whyEmpty();
  for (const part of $("empty").querySelectorAll("[data-empty]")) part.hidden = part.dataset.empty !== reason;
  for (const part of $("empty").querySelectorAll("[data-detail]")) part.textContent = queue.detail;
  $("passed-words").textContent = `${count(queue.passed.size, "dispute")} that you put off.`;
  if (queue.counts) $("reasons").replaceChildren(...reasons(queue.counts));
}

const left = (open) => (open >= 1000 ? "1,000+" : open.toLocaleString());

function reasons({ own, sent_back: back, held }) {
  const lines = held.map(({ expert, disputes }) => `${expert} has ${count(disputes, "dispute")} on their desk.`);
  if (back) lines.push(`${count(back, "dispute")} went back to the annotators for a second look.`);
  if (own) lines.push(`${count(own, "dispute")} you answered yourself; by the rules of this project another expert decides ${own === 1 ? "it" : "them"}.`);
  if (!lines.length) lines.push("Somebody is just deciding the rest.");
  return lines.map((text) => make("li", "", text));
}

function focus() {
  if (!dispute) $("empty").focus({ preventScroll: true });
  else $("item").focus({ preventScroll: true });
  if (scrollY) scrollTo(0, 0);
}

/** The choice is painted in this frame, what follows in the next. */
function follow() {
  next = () => (present(), focus(), update());
  const now = next;
  const go = () => next === now && next();
  requestAnimationFrame(() => requestAnimationFrame(go));
  setTimeout(go, 120); // a window that is not in front paints no frames
}

// Steps

/** Keep a step and send it in the background; `body` goes with it. */
function step(kind, body = {}, { due = 0 } = {}) {
  const nonce = unique();
  const { item } = dispute;
  const record = { dispute, kind, nonce, confirmed: false };
  const entry = { kind, desk: true, url: urls[kind].replace("/0/", `/${item.id}/`), item: { id: item.id, key: item.key }, body: { note, ...body, nonce } };
  record.key = outbox.add(due ? { ...entry, due: Date.now() + due } : entry);
  done.push(record);
  queue.take(dispute);
}

function decide(answer) {
  step("decide", { answer });
  decided += 1;
  $("live").textContent = `Decided ${dispute.item.key}`;
  follow();
}

function take(position) {
  const given = view.choose(position);
  if (given && takeable(given)) decide(given.answer);
}

/** An answer of older questions that say nothing about today's has to be edited first. */
function takeable(given) {
  if (!given.lacking.length) return true;
  toast("This answer was given under older questions and leaves some of today's open. Edit it.", "warning");
  return false;
}

function edit() {
  const from = view.chosen ?? { answer: dispute.suggestion };
  editing = true;
  form.set(from.answer);
  $("edit").hidden = false;
  desk.dataset.view = "edit";
  $("panel").scrollTop = 0;
  $("item").focus({ preventScroll: true });
}

function stopEditing() {
  editing = false;
  $("edit").hidden = true;
  if (dispute) desk.dataset.view = "turn";
}

function save() {
  if (form.report()) decide(form.value());
}

function later(kind, body, words) {
  step(kind, body, { due: SECOND_THOUGHTS });
  $("live").textContent = words;
  follow();
}

function back() {
  const dialog = $("back");
  ask(dialog, (words) => {
    if (!words) throw new Error("Say what the annotators should look at.");
    dialog.close();
    later("back", { note: words }, `Sent back ${dispute.item.key}`);
  });
}

async function retire() {
  const { item } = dispute;
  const text = "Nobody is asked about it any more, and it has no answer. Its answers stay, and a manager can bring it back.";
  if ((await confirm({ title: `Retire ${item.key}?`, text, action: "Retire", danger: true })) && dispute?.item === item) later("retire", {}, `Retired ${item.key}`);
}

function pass() {
  queue.pass(dispute);
  done.push({ dispute, kind: "pass" });
  $("live").textContent = `Put off ${dispute.item.key}`;
  present();
  focus();
  update();
}

function undo() {
  const last = done.pop();
  if (!last) return toast("There is nothing to undo.");
  if (last.kind === "decide") {
    if (!reopen(last)) return;
    decided -= 1;
  } else if (last.kind !== "pass" && !outbox.withdraw(last.key)) {
    return toast(`${last.dispute.item.key}: that is done already and cannot be undone from here.`, "warning");
  }
  queue.return(last.dispute);
  present();
  focus();
  update();
}

/** Take a decision back, once the server has it. */
function reopen({ dispute: { item }, nonce, confirmed }) {
  const waits = outbox.entries().some((entry) => entry.body.nonce === nonce);
  if (!waits && !confirmed) return (toast(`The decision on ${item.key} was not accepted; there is nothing to undo.`), false);
  const entry = { kind: "reopen", desk: true, url: urls.reopen.replace("/0/", `/${item.id}/`), item: { id: item.id, key: item.key }, body: { nonce: unique() } };
  outbox.add(waits ? { ...entry, of: nonce } : entry);
  return true;
}

// Words about it

function keepNote(words) {
  note = words;
  $("note-line").hidden = !words;
  $("note-words").textContent = words;
}

function writeNote() {
  const dialog = $("note");
  $("note-text").value = note;
  ask(dialog, (words) => {
    dialog.close();
    keepNote(words);
  });
}

function comments() {
  const { item } = dispute;
  const remarks = dispute.comments;
  const rows = $("comments-list");
  const row = ({ who, text, at }) => {
    const one = make("li");
    const head = make("span", "row");
    head.append(make("strong", "", who), make("time", "help", day(at)));
    one.append(head, make("p", "text", text));
    return one;
  };
  rows.replaceChildren(...remarks.map(row));
  $("comments-none").hidden = remarks.length > 0;
  ask($("comments"), async (body) => {
    if (!body) return;
    const kept = await session.call("POST", urls.comments.replace("/0/", `/${item.id}/`), { body });
    remarks.push({ who: kept.author, text: kept.body, at: kept.created_at });
    rows.append(row(remarks.at(-1)));
    $("comments-none").hidden = true;
  });
}

function guidelines() {
  const panel = $("guidelines");
  panel.hidden = !panel.hidden;
  desk.querySelector("[data-do=guidelines]").setAttribute("aria-expanded", String(!panel.hidden));
  if (!panel.hidden) panel.focus({ preventScroll: true });
}

function decideAlike() {
  if (!dispute?.alike) return;
  const all = (items) => {
    decided += items.length;
    queue.drop(items);
    queue.refill();
    const here = items.includes(dispute?.item.id);
    toast(`${count(items.length, "item")} decided.`, "success");
    if (here) present();
    update();
  };
  alike(dispute, { session, urls, questions, note, decided: all });
}

const onItem = (work) => () => dispute && !editing && work();
const DO = {
  decide: () => dispute && (editing ? save() : view.chosen && takeable(view.chosen) && decide(view.chosen.answer)),
  save: () => editing && save(),
  edit: onItem(edit),
  cancel: () => (stopEditing(), focus()),
  more: onItem(() => later("more", {}, `Asked for one more answer to ${dispute.item.key}`)),
  back: onItem(back),
  retire: onItem(retire),
  pass: onItem(pass),
  note: () => dispute && writeNote(),
  alike: onItem(decideAlike),
  comments: () => dispute && comments(),
  guidelines,
  amend,
  undo,
  resume: () => queue.resume(),
  help: () => $("shortcuts").showModal(),
  saved: () => (refused.count() ? refused.open() : outbox.kick()),
};

addEventListener(
  "keydown",
  (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const name = nameOf(event);
    const used = inText(event.target) ? typed(name, event.target) : pressed(name, event);
    if (used) event.preventDefault();
  },
  true,
);

function typed(name, field) {
  if (name === "Mod+Enter" && editing) return (save(), true);
  if (name !== "Escape" || !desk.contains(field)) return false;
  $("item").focus();
  return true;
}

function pressed(name, event) {
  const single = name.length === 1 || name === "Space";
  if (!name || native(event) || (single && singleKeysOff())) return false;
  // Faster than the frame: what follows is there before the key counts.
  if (next) next();
  if (name === "Escape" && editing) return (DO.cancel(), true);
  if (editing && single && form.handleKey(event)) return true;
  if (!editing && dispute && /^[1-9]$/.test(digit(event))) {
    if (!event.repeat) take(Number(digit(event)) - 1);
    return true;
  }
  const action = actionOf(name);
  if (!action) return false;
  if (!event.repeat) DO[action]();
  return true;
}

// Where digits need Shift (French keyboards), the bare digit key counts as its digit.
const digit = (event) => (event.ctrlKey || event.metaKey || event.altKey ? "" : /^[1-9]$/.test(event.key) ? event.key : (!event.shiftKey && /^Digit([1-9])$/.exec(event.code)?.[1]) || "");

document.addEventListener("click", (event) => {
  const given = event.target.closest(".given");
  if (given) {
    $("decide").disabled = !view.choose(Number(given.value));
    return;
  }
  const button = event.target.closest("[data-do]");
  if (!button) return;
  // Clicked by pointer: the keys that follow are meant for the page, not for the button.
  if (event.detail && dispute) $("item").focus({ preventScroll: true });
  DO[button.dataset.do]();
});
$("edit").addEventListener("submit", (event) => (event.preventDefault(), DO.save()));

// What the network says

queue.addEventListener("change", ({ detail: fresh }) => {
  for (const { item } of fresh) itemView.prepare(item);
  if (!dispute && !next && queue.disputes.length) present();
  update();
});
queue.addEventListener("refused", ({ detail }) => toast(detail, "warning"));
outbox.addEventListener("change", update);
outbox.addEventListener("sent", ({ detail: { entry } }) => {
  const record = done.find((one) => one.nonce === entry.body.nonce);
  if (record) record.confirmed = true;
  if (!queue.disputes.length || !dispute) queue.refill();
});
outbox.addEventListener("refused", ({ detail: { entry, error } }) => {
  const place = done.findIndex((one) => one.nonce === entry.body.nonce);
  if (place >= 0) done.splice(place, 1);
  if (entry.desk && entry.kind === "decide" && entry.client === client) decided = Math.max(0, decided - 1);
  if (["conflict", "not_allowed", "not_found", "lease_expired"].includes(error.code)) toast(`${entry.item.key}: ${error.message}`, "warning");
  else refused.keep(entry, error.message);
  queue.forget(entry.item.id);
  if (!dispute) queue.refill();
  update();
});
session.addEventListener("change", () => {
  update();
  if (session.state === "in" && !queue.disputes.length) queue.refill();
});
addEventListener("beforeunload", (event) => outbox.volatile && outbox.entries().length && event.preventDefault());

// Begin

list($("keys"));
watchSession(session, outbox);
outbox.kick();
present();
desk.dataset.ready = "yes";
