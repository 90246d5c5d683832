// The notice that the guidelines have changed: what, and that one has seen it.
import { toast } from "../lib/toasts.js";

const $ = (id) => document.getElementById(id);

export function watchGuidelines({ session, urls }) {
  const notice = $("guidelines-changed");
  if (!notice) return;
  $("guidelines-what").addEventListener("click", () => $("guidelines-diff").showModal());
  $("guidelines-seen").addEventListener("click", async () => {
    notice.hidden = true;
    try {
      await session.call("POST", urls.guidelines_seen, { change: Number(notice.dataset.change) });
    } catch (error) {
      notice.hidden = false;
      toast(`That could not be kept. ${error.message}`, "warning");
    }
  });
}
