// The schema builder: questions, fields and JSON on the left, the real labeling form on the right.
import { ask } from "../lib/dialogs.js";
import { toast } from "../lib/toasts.js";
import { h } from "./dom.js";
import { Draft } from "./draft.js";
import { Editor } from "./editor.js";
import { showFaults } from "./faults.js";
import { Fields } from "./fields.js";
import { Preview } from "./preview.js";
import { Publish } from "./publish.js";

const DONE = "schema-published";
const get = (id) => document.getElementById(id);
const config = JSON.parse(get("schema-config").textContent);
const draft = new Draft(config);
const say = (words) => (get("builder-live").textContent = words);

const undo = () => {
  draft.undo();
  say("Undone.");
};
const onDelete = (words) => {
  const message = toast(words);
  message.querySelector("span").append(" ", h("button", { type: "button", class: "link", onclick: () => (undo(), message.remove()) }, "Undo"));
};
const shared = { config, say, onDelete };
const editor = new Editor(get("questions-editor"), draft, shared);
const fields = new Fields(get("fields-editor"), draft, shared);
const json = get("json-editor");
let latest = { faults: [], questions: [] };

function show(result = latest) {
  latest = result;
  showFaults(get("builder"), get("builder-faults"), result.faults, goTo);
  // The key that a label gets is shown where none was chosen.
  for (const input of document.querySelectorAll(".input-key[data-path]")) {
    const [, question, , label] = input.dataset.path.split(".");
    input.placeholder = result.questions?.[question]?.labels?.[label]?.hotkey ?? input.placeholder;
  }
  status();
}

function status() {
  const changed = draft.isChanged();
  get("builder-status").textContent = !changed ? (config.version ? `Version ${config.version}, published` : "Nothing yet")
    : draft.kept ? "Not published; kept in this browser" : "Not published, and this browser cannot keep it";
  get("builder-publish").disabled = !changed || latest.faults.length > 0 || !draft.questions.length;
  get("builder-discard").disabled = !changed;
  get("builder-undo").disabled = !draft.past.length;
  get("builder-start").hidden = draft.questions.length > 0;
}

function goTo(path) {
  openTab(path[0] === "fields" ? "fields" : "questions");
  if (path[0] === "questions" && draft.questions[path[1]]) {
    editor.show(draft.questions[path[1]].id, path.join("."));
    show();
  }
}

const preview = new Preview(get("builder-preview"), draft, { url: config.urls.form, onResult: show });
editor.afterDraw = show;

draft.onChange((structural) => {
  if (structural) {
    editor.draw();
    fields.draw();
    if (document.activeElement !== json) json.value = JSON.stringify(draft.schema(), null, 2);
    show();
  } else {
    status();
  }
  preview.later();
});

// Tabs: the part that is open is in the address, so that reload and back keep it.
const TABS = ["questions", "fields", "json"];
function openTab(name) {
  for (const tab of TABS) {
    get(`tab-${tab}`).setAttribute("aria-selected", String(tab === name));
    get(`tab-${tab}`).tabIndex = tab === name ? 0 : -1;
    get(`panel-${tab}`).hidden = tab !== name;
  }
  if (name === "json") json.value = JSON.stringify(draft.schema(), null, 2);
}
const tabOf = () => TABS.find((tab) => location.hash === `#${tab}`) || "questions";
for (const [at, tab] of TABS.entries()) {
  get(`tab-${tab}`).addEventListener("click", () => (location.hash = tab));
  get(`tab-${tab}`).addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = TABS[(at + step + TABS.length) % TABS.length];
    location.hash = next;
    get(`tab-${next}`).focus();
  });
}
addEventListener("hashchange", () => openTab(tabOf()));
openTab(tabOf());

get("json-apply").addEventListener("click", () => {
  const fault = get("json-fault");
  try {
    const schema = JSON.parse(json.value);
    const valid = Array.isArray(schema?.questions) && schema.questions.every((question) => question && typeof question === "object" && typeof question.type === "string");
    if (!valid) throw new Error('Give {"fields": [...], "questions": [{"name": ..., "type": ...}]}.');
    draft.load({ fields: Array.isArray(schema.fields) ? schema.fields : [], questions: schema.questions });
    fault.textContent = "";
    say("Applied.");
  } catch (error) {
    fault.textContent = error.message;
    json.focus();
  }
});

get("builder-start").addEventListener("click", (event) => {
  const card = event.target.closest("[data-starter]");
  if (!card) return;
  const questions = draft.adopt(structuredClone(config.starters[card.dataset.starter]));
  editor.open = questions[0].id;
  draft.change((state) => {
    state.questions = questions;
    if (!state.fields.length) state.fields = config.keys.map(({ name, type }) => ({ name, type, title: "" }));
  });
  get("questions-editor").querySelector(".builder-toggle")?.focus();
});

get("builder-undo").addEventListener("click", undo);
get("builder-discard").addEventListener("click", async () => {
  const sure = await ask({ title: "Discard the draft?", text: "Everything since the last published version is gone for good.", action: "Discard", danger: true });
  if (!sure) return;
  draft.discard();
  editor.show(draft.questions[0]?.id);
  get("builder-restored").hidden = true;
});

const publish = new Publish(get("publish"), draft, {
  config,
  onDone({ version }) {
    draft.forget();
    try {
      sessionStorage.setItem(DONE, version);
    } catch {
      // The message after the reload is only a courtesy.
    }
    draft.kept = true;
    location.assign(location.pathname);
  },
});
get("builder-publish").addEventListener("click", () => publish.open());

// The draft outlives a reload; only where the browser keeps nothing, leaving is worth a question.
addEventListener("beforeunload", (event) => {
  if (draft.isChanged() && !draft.kept) event.preventDefault();
});

if (draft.restored) {
  const banner = get("builder-restored");
  const moved = draft.restored.version !== config.version;
  banner.hidden = false;
  banner.querySelector("[data-words]").textContent = moved
    ? `Version ${config.version} was published after you began. Your draft goes on from it: what has the same name continues.`
    : `This is your unpublished draft of ${new Date(draft.restored.at).toLocaleString()}.`;
}
try {
  const version = sessionStorage.getItem(DONE);
  sessionStorage.removeItem(DONE);
  if (version) toast(`Version ${version} is published.`, "success");
} catch {
  // As above.
}
document.documentElement.dataset.builder = "ready";
