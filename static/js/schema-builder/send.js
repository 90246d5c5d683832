// One JSON request to the server; a refusal becomes an error that carries the faults.
const WAIT = 60_000;

export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail || (status ? `The server answered ${status}. Try again.` : "There is no connection to the server. Your draft is kept in this browser."));
    this.status = status;
    this.faults = problem?.errors || [];
  }
}

export async function send(url, body) {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] || "";
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token };
  let response, data;
  try {
    response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(WAIT), redirect: "manual" });
  } catch {
    throw new Refused(0);
  }
  if (response.type === "opaqueredirect" || response.status === 401) {
    throw new Refused(401, { detail: "You are signed out. Your draft is kept in this browser: sign in again and reload this page." });
  }
  try {
    data = await response.json();
  } catch {
    data = null;
  }
  if (!response.ok || data === null) throw new Refused(response.status, data);
  return data;
}
