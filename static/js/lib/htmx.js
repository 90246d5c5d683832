// What htmx leaves open: busy buttons, requests that failed, and a session that ended.
import { end, start } from "./forms.js";
import { toast } from "./toasts.js";

// Nobody pressed anything for a request that polls: it fails in silence and tries again.
const polls = (event) => event.detail.requestConfig?.triggeringEvent === undefined || event.detail.elt.closest(".health");

document.addEventListener("htmx:beforeRequest", ({ detail: { elt, requestConfig } }) => {
  const button = requestConfig?.triggeringEvent?.submitter || (elt.matches(".btn") ? elt : null);
  if (button) start(elt, button);
});
document.addEventListener("htmx:afterRequest", (event) => end(event.detail.elt));

document.addEventListener("htmx:sendError", (event) => {
  if (!polls(event)) toast("No connection. Nothing was sent; check the network and try again.", "danger");
});
document.addEventListener("htmx:responseError", (event) => {
  if (polls(event)) return;
  const { status } = event.detail.xhr;
  toast(status === 403 ? "Your role does not allow this." : `That did not work (error ${status}). Reload the page and try again.`, "danger");
});
document.addEventListener("htmx:beforeSwap", (event) => {
  // A redirect to the sign-in page has been followed: that page is no fragment.
  if (!event.detail.xhr.responseText.includes('id="login"')) return;
  event.detail.shouldSwap = false;
  if (!polls(event)) toast("You are signed out. Reload the page to sign in again.", "warning");
});
