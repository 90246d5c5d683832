// Small dialogs about the item on screen: why it is skipped, a flag, comments.
import { ask } from "../desk/ask.js";
import { toast } from "../lib/toasts.js";

const $ = (id) => document.getElementById(id);
const flagged = new Set();
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function skipWithReason(item, skip) {
  const dialog = $("skip");
  ask(dialog, (reason) => {
    dialog.close();
    skip(reason);
  });
}

export const isFlagged = (item) => flagged.has(item.id);

export function flag(item, { session, urls, changed }) {
  const dialog = $("flag");
  const url = urls.flags.replace("/0/", `/${item.id}/`);
  $("flag-withdraw").hidden = !isFlagged(item);
  ask(dialog, async (reason, what) => {
    if (what === "withdraw") await session.call("DELETE", url);
    else await session.call("POST", url, { reason });
    if (what === "withdraw") flagged.delete(item.id);
    else flagged.add(item.id);
    dialog.close();
    toast(what === "withdraw" ? "The flag is withdrawn." : `${item.key} is flagged; the managers see it.`, "success");
    changed();
  });
}

export async function comments(item, { session, urls }) {
  const [dialog, list] = [$("comments"), $("comments-list")];
  const url = urls.comments.replace("/0/", `/${item.id}/`);
  const line = (comment) => {
    const row = $("comments-row").content.cloneNode(true).firstElementChild;
    row.querySelector("strong").textContent = comment.author;
    row.querySelector("time").textContent = when.format(new Date(comment.created_at));
    row.querySelector("p").textContent = comment.body;
    return row;
  };
  list.replaceChildren();
  ask(dialog, async (body) => {
    if (!body) return;
    list.append(line(await session.call("POST", url, { body })));
    $("comments-none").hidden = true;
  });
  try {
    for (let from = url; from; ) {
      const found = await session.call("GET", from);
      list.append(...found.results.map(line));
      from = found.next;
    }
    $("comments-none").hidden = list.childElementCount > 0;
  } catch (error) {
    dialog.querySelector("[role=alert]").textContent = error.message;
  }
}
