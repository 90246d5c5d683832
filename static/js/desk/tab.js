// This tab's name towards the server. The server leases items to a name; two tabs must never share one, and a tab that is
// reloaded should get its own back. So: a living tab holds a lock of its name, and a closing one leaves its name in a
// cookie for the next page to take up.
import { unique } from "./api.js";

const LOCK = "querent.tab.";
const COOKIE = "label_client";
const PATIENCE = 600; // milliseconds: the page that this one replaces may not have let go yet
const MOST = 5;

const hold = (name) =>
  new Promise((resolve) => {
    const held = () => (resolve(true), new Promise(() => {}));
    navigator.locks.request(LOCK + name, { signal: AbortSignal.timeout(PATIENCE) }, held).catch(() => resolve(false));
  });

/** The proposed name, or a fresh one when another living tab has it (a duplicated tab). */
export async function claim(proposed) {
  if (!navigator.locks || (await hold(proposed))) return proposed;
  const fresh = unique();
  await hold(fresh);
  return fresh;
}

/** Do something in the name of another tab, if that one is no longer alive. */
export async function inNameOf(name, work) {
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK + name, { ifAvailable: true }, (lock) => lock && work());
}

const left = () => document.cookie.match(new RegExp(`(?:^|; )${COOKIE}=([^;]*)`))?.[1].split(".") || [];

/** Leave the name behind when the page goes, for as many seconds as the leases last. */
export function leaveBehind(name, path, seconds) {
  const write = (names) => {
    document.cookie = `${COOKIE}=${names.slice(0, MOST).join(".")}; path=${path}; max-age=${names.length ? seconds : 0}; samesite=lax`;
  };
  const others = () => left().filter((other) => other && other !== name);
  const leave = () => write([name, ...others()]);
  write(others()); // the page that this one replaces has left the name behind once more while it went
  // Before: the request for the next page is made before this one is hidden. It may also come to nothing (a download).
  addEventListener("beforeunload", () => (leave(), setTimeout(() => write(others()), 3000)));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
