// Talks to REST. What goes wrong is an ApiError; status 0 means that no answer came, so the request may be repeated.
const WAIT = 20_000;
// Browsers refuse larger bodies on requests that may outlive the page.
const KEEPALIVE = 60_000;

export class ApiError extends Error {
  constructor(status, problem, retryAfter = 0) {
    super(problem?.detail || (status ? `The server answered ${status}.` : "There is no connection to the server."));
    this.status = status;
    this.code = problem?.code || "";
    this.errors = problem?.errors || [];
    this.retryAfter = retryAfter;
  }
}

export const csrf = () => document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] || "";

export async function request(method, url, body, token = csrf()) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = { Accept: "application/json", "X-CSRFToken": token };
  if (text) headers["Content-Type"] = "application/json";
  let response, data;
  try {
    const keepalive = method !== "GET" && (text?.length || 0) < KEEPALIVE;
    response = await fetch(url, { method, headers, body: text, keepalive, signal: AbortSignal.timeout(WAIT) });
    // Not JSON and not empty: some proxy's own page, which says nothing about what became of the request.
    data = response.status === 204 ? null : await response.json();
  } catch {
    throw new ApiError(response && !response.ok ? response.status : 0);
  }
  if (!response.ok) throw new ApiError(response.status, data, Number(response.headers.get("Retry-After")) || 0);
  return data;
}

/** A random name; also where the page is not a secure context and has no crypto.randomUUID. */
export const unique = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
