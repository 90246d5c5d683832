// Short messages. From a script: toast("Saved", "success"). From a server: the header HX-Trigger: {"toast": {"text": ..., "kind": ...}}.
const place = document.getElementById("toasts");
const STAY = 6000;

function watch(element) {
  if (element.matches(".is-danger, .is-warning")) return; // errors stay until they are dismissed
  let timer;
  const start = () => (timer = setTimeout(() => element.remove(), STAY));
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", start);
  start();
}

/** Show a message; kind is info, success, warning or danger. Returns its element. */
export function toast(text, kind = "info") {
  const element = document.createElement("div");
  const words = document.createElement("span");
  const dismiss = document.createElement("button");
  element.className = `toast is-${kind}`;
  words.textContent = text;
  dismiss.textContent = "×";
  dismiss.type = "button";
  dismiss.dataset.dismiss = "";
  dismiss.setAttribute("aria-label", "Dismiss");
  element.append(words, dismiss);
  place?.append(element);
  watch(element);
  return element;
}

document.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.parentElement.remove());
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.kind));
place?.querySelectorAll("[data-toast]").forEach(watch);
