// The page listens now: until then base.css keeps clicks from it, so that none of them acts without its question, its
// fragment or its keys. Set behind htmx, which begins to listen on the same event.
const ready = () => document.documentElement.setAttribute("data-ready", "");
if (document.readyState === "complete") ready();
else document.addEventListener("DOMContentLoaded", ready, { once: true });
