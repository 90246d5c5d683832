// <time datetime data-relative>: "3 hours ago", kept true, with the exact local time in the title.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const near = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

function show() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const at = new Date(element.dateTime);
    const seconds = (at - Date.now()) / 1000;
    const [unit, size] = UNITS.find(([, least]) => Math.abs(seconds) >= least) || [];
    const text = unit ? near.format(Math.trunc(seconds / size), unit) : seconds > 0 ? "in a moment" : "just now";
    if (element.textContent !== text) element.textContent = text;
    element.title ||= exact.format(at);
  }
}

show();
setInterval(show, 30000);
document.addEventListener("htmx:afterSettle", show);
