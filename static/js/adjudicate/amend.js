// Amending the guidelines from the desk: the text, a preview as readers will see it, and what changed in words.
import { csrf } from "../desk/api.js";
import { toast } from "../lib/toasts.js";

const $ = (id) => document.getElementById(id);

/** Markdown by the server, which lets no markup of people through. */
async function rendered(url, text) {
  const body = new URLSearchParams({ guidelines: text, csrfmiddlewaretoken: csrf() });
  const answer = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(10_000) });
  if (!answer.ok || answer.redirected) throw new Error("There is no preview now.");
  return answer.text();
}

export function watchAmend({ session, urls, base }) {
  const dialog = $("amend");
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector("[role=alert]");
  const preview = $("amend-preview");
  const place = preview.querySelector(".preview");
  let known = base;
  let timer = 0;
  const look = async () => {
    if (!preview.open) return;
    try {
      place.innerHTML = await rendered(urls.preview, form.elements.text.value);
    } catch (error) {
      place.textContent = error.message;
    }
  };
  preview.addEventListener("toggle", look);
  form.elements.text.addEventListener("input", () => (clearTimeout(timer), (timer = setTimeout(look, 300))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    try {
      const answer = await session.call("PUT", urls.guidelines, { guidelines: form.elements.text.value, note: form.elements.note.value.trim(), base: known });
      known = answer.base;
      $("guidelines-text").innerHTML = await rendered(urls.preview, answer.guidelines);
      form.reset();
      dialog.close();
      toast("The guidelines are amended; members see what changed.", "success");
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  return async () => {
    problem.textContent = "";
    // What was begun and not saved stays.
    if (!form.elements.text.value) {
      try {
        const answer = await session.call("GET", urls.guidelines);
        form.elements.text.value = answer.guidelines;
        known = answer.base;
      } catch (error) {
        return toast(`The guidelines cannot be amended now. ${error.message}`, "warning");
      }
    }
    preview.open = false;
    dialog.showModal();
    form.elements.text.focus();
  };
}
