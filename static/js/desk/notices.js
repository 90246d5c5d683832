// What the person has to know or do: sign in again, load new questions, look at answers that were not accepted.
import { toast } from "../lib/toasts.js";

const $ = (id) => document.getElementById(id);

/** The banner and the dialog of an expired session. Work goes on meanwhile; answers wait in this browser. */
export function watchSession(session, outbox) {
  const [banner, dialog, problem] = [$("signed-out"), $("signin"), $("signin-problem")];
  const form = dialog.querySelector("form");
  const update = () => {
    const { state } = session;
    banner.hidden = state === "in";
    const kept = outbox.entries().length;
    const why = state === "other" ? "Somebody else has signed in with this browser." : "You have been signed out.";
    const safe = kept === 1 ? "1 answer is kept" : `${kept || "Your"} answers are kept`;
    $("signed-out-words").textContent = `${why} ${safe} in this browser until ${session.user.username} signs in again.`;
    if (state === "in" && dialog.open) dialog.close();
  };
  session.addEventListener("change", update);
  outbox.addEventListener("change", () => session.state === "in" || update());
  $("signin-open").addEventListener("click", () => {
    problem.textContent = "";
    dialog.showModal();
    form.elements.password.focus();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.setAttribute("aria-busy", "true");
    problem.textContent = await session.signIn(session.user.username, form.elements.password.value);
    button.removeAttribute("aria-busy");
    form.elements.password.value = "";
    if (!problem.textContent) toast("Signed in again.", "success");
  });
  // Signed in again in another tab.
  addEventListener("focus", () => session.state === "in" || session.resume());
}

/** Answers that the server refused for good: kept until the person decides. */
export function watchRefused(store, outbox, changed) {
  const [dialog, list] = [$("refused"), $("refused-list")];
  const line = (key) => {
    const { entry, message } = store.get(key);
    const row = $("refused-row").content.cloneNode(true).firstElementChild;
    row.querySelector("strong").textContent = entry.item.key;
    row.querySelector("span").textContent = message;
    row.querySelector("code").textContent = JSON.stringify(entry.body.answer ?? entry.kind);
    row.addEventListener("click", ({ target }) => {
      const decision = target.closest("button")?.value;
      if (!decision) return;
      store.remove(key);
      if (decision === "again") outbox.add(entry);
      row.remove();
      if (!list.childElementCount) dialog.close();
      changed();
    });
    return row;
  };
  return {
    count: () => store.keys("refused.").length,
    keep(entry, message) {
      store.set(`refused.${entry.key}`, { entry, message });
      changed();
    },
    open() {
      list.replaceChildren(...store.keys("refused.").map(line));
      if (list.childElementCount) dialog.showModal();
    },
  };
}
