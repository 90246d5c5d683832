// The labeling page: what is on screen, and what each action does to it. Everything that a person waits for happens at
// once, in the handler of the key; the network comes after.
import { unique } from "../desk/api.js";
import { ItemView } from "../desk/item.js";
import { inText, nameOf, native, singleKeysOff } from "../desk/keys.js";
import { watchRefused, watchSession } from "../desk/notices.js";
import { Outbox } from "../desk/outbox.js";
import { Session } from "../desk/session.js";
import { Status } from "../desk/status.js";
import { Store } from "../desk/store.js";
import { claim, leaveBehind } from "../desk/tab.js";
import { toast } from "../lib/toasts.js";
import { AnswerForm } from "../questions/form.js";
import { Clock } from "./clock.js";
import { Drafts } from "./drafts.js";
import { watchGuidelines } from "./guidelines.js";
import { Help } from "./help.js";
import { History } from "./history.js";
import { Keys } from "./keys.js";
import { Queue } from "./queue.js";
import { Suggest } from "./suggest.js";
import { comments, flag, isFlagged, skipWithReason } from "./talk.js";
import { Teach } from "./teach.js";

const SECOND_THOUGHTS = 4000; // milliseconds in which a skip can be undone

const $ = (id) => document.getElementById(id);
const json = (id) => JSON.parse($(id).textContent);
const config = json("label-config");
const { urls, user } = config;
const desk = $("desk");

const store = new Store(user.id);
const session = new Session(user, urls);
const client = await claim(config.client);
leaveBehind(client, location.pathname, config.lease_seconds);

// One question to the server about leases at a time, so that a late answer never brings back what is done.
let line = Promise.resolve();
const serial = (work) => (line = line.then(work, work));

const outbox = new Outbox({ store, session, client, project: config.project, urls, serial, wanted: () => queue.wanted(outbox.leases().size - 1) });
const queue = new Queue({ session, client, urls, serial, leaseSeconds: config.lease_seconds, pending: () => outbox.leases() });
const drafts = new Drafts({ store, session, urls });
const history = new History({ session, urls });
const itemView = new ItemView($("item-body"), { fields: config.fields, media: urls.media });
const keys = new Keys(user.hotkeys);
const status = new Status($("saved"), $("live"));
const clock = new Clock();
const form = new AnswerForm($("questions"), config.questions, { onChange: changed });
const teach = new Teach(config.questions);
const suggest = new Suggest(config.questions, form);
const refused = watchRefused(store, outbox, update);
const help = new Help({ keys, questions: config.questions, save: (hotkeys) => session.call("PATCH", urls.me, { hotkeys }) });

let view = { kind: "empty" };
let lastSkip = null;
let painting = false;

// What is on screen

function show(next) {
  view = next;
  painting = true;
  itemView.show(next.item);
  form.set(next.answer ?? null);
  painting = false;
  suggest.show(next.suggestion ?? null);
  suggest.compare(form.value());
  $("questions").scrollTop = 0;
  view.before = JSON.stringify(form.value());
  $("item-key").textContent = next.item.key;
  $("why").textContent = next.why;
  desk.dataset.view = next.kind;
  flags();
  clock.start();
}

/** The item that is to be answered now, or why there is none. */
function present() {
  history.leave();
  const [turn] = queue.turns;
  if (!turn) return empty();
  show({ kind: "turn", turn, item: turn.item, why: turn.reason, answer: drafts.load(turn), suggestion: turn.suggestion });
}

function past(record) {
  show({ kind: "past", record, item: record.item, why: "An earlier answer of yours", answer: record.answer });
}

function empty() {
  view = { kind: "empty" };
  desk.dataset.view = "empty";
  if (outbox.leases().size) outbox.hurry();
  else if (!queue.status || queue.status === "ok") queue.refill();
  update();
}

function whyEmpty() {
  const stuck = outbox.failures || queue.failed || session.state !== "in";
  if (outbox.leases().size || !queue.status || queue.status === "ok") return stuck ? "waiting" : "loading";
  return queue.status;
}

/** Everything around the item: progress, what is saved, why there is nothing to do. */
function update() {
  const waiting = outbox.entries();
  const mine = queue.answered + waiting.filter((entry) => entry.kind === "submit" && entry.project === config.project).length;
  const left = config.left === null ? null : queue.status === "finished" ? 0 : Math.max(0, config.left - (mine - config.answered));
  $("mine").textContent = mine.toLocaleString();
  if (left !== null) $("left").textContent = left.toLocaleString();
  Object.assign($("progress"), left === null ? {} : { max: mine + left || 1, value: mine });
  queue.flaky ||= outbox.failures > 0 && outbox.error?.status === 0;
  status.update({
    pending: waiting.length,
    failures: outbox.failures,
    reached: outbox.error?.status > 0,
    signedIn: session.state === "in",
    volatile: outbox.volatile,
    refused: refused.count(),
  });
  if (view.kind !== "empty") return;
  const why = whyEmpty();
  for (const part of $("empty").querySelectorAll("[data-empty]")) part.hidden = part.dataset.empty !== why;
  for (const part of $("empty").querySelectorAll("[data-detail]")) part.textContent = queue.detail;
}

function flags() {
  const on = view.item && isFlagged(view.item);
  desk.querySelector("[data-do=flag]").setAttribute("aria-pressed", String(Boolean(on)));
}

/** After the item has changed by a person's action: to the item, except from a text field, where typing goes on. */
function focus() {
  const active = document.activeElement;
  if (view.kind === "empty") $("empty").focus({ preventScroll: true });
  else if (inText(active) && active.offsetParent) $("live").textContent = `Next: ${view.item.key}`;
  else $("item").focus({ preventScroll: true });
  if (scrollY) scrollTo(0, 0);
}

// What a person does

function submit() {
  if (view.kind === "empty") return;
  if (!form.report()) return;
  teach.hide();
  const given = { answer: form.value(), nonce: unique(), seconds: clock.seconds(), schema: config.schema };
  if (view.kind === "past") revise(view.record, given);
  else answer(view.turn, given);
  lastSkip = null;
  present();
  focus();
}

function answer({ id, item }, given) {
  queue.take(id);
  outbox.add({ kind: "submit", url: urls.submit.replace("/0/", `/${id}/`), lease: id, item: { id: item.id, key: item.key }, body: given });
  drafts.forget(id);
  history.add({ annotation: null, nonce: given.nonce, lease: id, item, answer: given.answer });
}

function revise(record, given) {
  if (JSON.stringify(given.answer) === view.before) return;
  outbox.add({ kind: "revise", annotation: record.annotation, of: record.nonce, item: { id: record.item.id, key: record.item.key }, body: given });
  Object.assign(record, { annotation: null, nonce: given.nonce, answer: given.answer });
}

function adopt() {
  if (view.kind !== "turn" || !suggest.values) return;
  form.set({ ...form.value(), ...suggest.values });
  $("live").textContent = "Adopted";
  changed();
}

function skip(reason = "") {
  if (view.kind !== "turn") return;
  const { turn } = view;
  const { id, key } = turn.item;
  queue.take(turn.id);
  const entry = { kind: "skip", url: urls.skip.replace("/0/", `/${turn.id}/`), lease: turn.id, item: { id, key }, body: { reason }, due: Date.now() + SECOND_THOUGHTS };
  lastSkip = { turn, key: outbox.add(entry) };
  $("live").textContent = `Skipped ${key}`;
  present();
  focus();
}

function undo() {
  if (view.kind !== "past" && lastSkip && outbox.withdraw(lastSkip.key)) {
    queue.turns.unshift(lastSkip.turn);
    present();
    focus();
  } else earlier();
  lastSkip = null;
}

async function earlier() {
  try {
    const record = await history.back();
    if (record) past(record);
    else if (record === null) toast(history.away ? "This is your first answer here." : "You have not answered anything here yet.");
    if (record) focus();
  } catch (error) {
    toast(`Earlier answers cannot be shown now. ${error.message}`, "warning");
  }
}

function later() {
  if (view.kind !== "past") return;
  const record = history.forward();
  if (record) past(record);
  else present();
  focus();
}

function guidelines() {
  const panel = $("guidelines");
  panel.hidden = !panel.hidden;
  desk.querySelector("[data-do=guidelines]").setAttribute("aria-expanded", String(!panel.hidden));
  store.set("guidelines", !panel.hidden);
  if (!panel.hidden) panel.focus({ preventScroll: true });
}

const talk = { session, urls, changed: flags };
const DO = {
  submit,
  adopt,
  skip: () => skip(),
  skip_reason: () => view.kind === "turn" && skipWithReason(view.item, skip),
  undo,
  previous: earlier,
  next: later,
  flag: () => view.item && flag(view.item, talk),
  comment: () => view.item && comments(view.item, talk),
  guidelines,
  zoom: () => itemView.zoom(),
  help: () => help.open(),
  present: () => (present(), focus()),
  got_it: () => teach.hide(),
  look: () => queue.refill(),
  saved: () => (refused.count() ? refused.open() : outbox.kick()),
};
const REPEATS = new Set(["previous", "next"]);

addEventListener(
  "keydown",
  (event) => {
    queue.lastActive = Date.now();
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const name = nameOf(event);
    const done = inText(event.target) ? typed(name, event.target) : pressed(name, event);
    if (done) event.preventDefault();
  },
  true,
);

function typed(name, field) {
  if (name === "Mod+Enter") return (submit(), true);
  if (name !== "Escape" || !desk.contains(field)) return false;
  $("item").focus();
  return true;
}

function pressed(name, event) {
  const single = name.length === 1 || name === "Space";
  if (!name || native(event) || (single && singleKeysOff())) return false;
  if (name === "Escape" && teach.shown) return (teach.hide(), true);
  if (name === "Escape" && view.kind === "past") return (DO.present(), true);
  if (single && view.kind !== "empty" && form.handleKey(event)) return true;
  const action = keys.actionOf(name);
  if (!action) return false;
  if (!event.repeat || REPEATS.has(action)) DO[action]();
  return true;
}

for (const name of ["pointerdown", "wheel"]) document.addEventListener(name, () => (queue.lastActive = Date.now()), { passive: true });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  // Clicked by pointer: the keys that follow are meant for the page, not for the button.
  if (event.detail && view.kind !== "empty") $("item").focus({ preventScroll: true });
  DO[button.dataset.do]();
});
$("questions").closest("form").addEventListener("submit", (event) => (event.preventDefault(), submit()));

function changed() {
  if (painting) return;
  suggest.compare(form.value());
  if (view.kind === "turn") drafts.save(view.turn.id, form.value());
  const [only, ...more] = config.questions;
  if (!more.length && only.type === "single_choice" && store.get("auto") && form.value()[only.name] !== undefined) submit();
}

// What the network says

queue.addEventListener("change", ({ detail: fresh }) => {
  teach.standing(queue.standing);
  for (const { item } of fresh) itemView.prepare(item);
  if (queue.schema && config.schema && queue.schema !== config.schema) $("new-schema").hidden = false;
  if (view.kind === "empty" ? queue.turns.length : view.kind === "turn" && queue.status === "paused") present();
  update();
});
queue.addEventListener("failed", update);
queue.addEventListener("lost", ({ detail: turn }) => {
  if (view.turn !== turn) return;
  toast(`${turn.item.key} went to somebody else while you were away. Here is the next one.`, "warning");
  present();
});
outbox.addEventListener("change", update);
outbox.addEventListener("sent", ({ detail: { entry, answer, here } }) => {
  if (entry.kind === "skip") drafts.forget(entry.lease);
  else history.confirm(entry.body.nonce, answer.id);
  if (answer.feedback && here) teach.feedback(entry.item.key, answer.feedback);
  if (here && answer.leases) queue.accept(answer);
});
outbox.addEventListener("refused", ({ detail: { entry, error } }) => {
  const { key } = entry.item;
  const again = entry.kind === "submit" && ["invalid_answer", "schema_changed"].includes(error.code);
  if (again) {
    drafts.save(entry.lease, entry.body.answer);
    queue.expect(entry.lease);
    if (error.code === "schema_changed") $("new-schema").hidden = false;
    else toast(`The answer to ${key} was not accepted; it comes back to you. ${error.errors[0]?.message ?? error.message}`, "warning");
  } else if (error.code === "lease_expired") {
    if (queue.status !== "paused") toast(`${key} went to somebody else while you were away; your answer was not needed any more.`, "warning");
  } else if (error.code === "conflict" && entry.kind !== "revise") {
    if (entry.kind === "submit") toast(`You had answered ${key} before; that answer stands.`);
  } else refused.keep(entry, error.message);
  if (again || view.kind === "empty") queue.refill();
});
session.addEventListener("change", () => {
  update();
  if (session.state === "in" && !queue.turns.length) queue.refill();
});
addEventListener("beforeunload", (event) => outbox.volatile && outbox.entries().length && event.preventDefault());

// Begin

watchSession(session, outbox);
watchGuidelines({ session, urls });
desk.querySelector("[data-do=guidelines]")?.setAttribute("aria-expanded", String(store.get("guidelines") ?? false));
if (store.get("guidelines") && matchMedia("(min-width: 64rem)").matches) $("guidelines").hidden = false;
const auto = $("auto");
auto.checked = Boolean(store.get("auto"));
auto.addEventListener("change", () => store.set("auto", auto.checked));
queue.answered = config.answered;

const first = json("label-next");
const painted = client === config.client && first.leases[0];
if (painted) itemView.adopt(painted.item);
if (client === config.client && first.status) queue.accept(first);
else present();
outbox.kick();
desk.dataset.ready = "yes";
