// Answers in words: what they say as chips, how long they took, how sure the votes are.
export const make = (name, className, text) => {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

export const icon = (name) => {
  const svg = document.querySelector("svg.icon").cloneNode(true);
  const use = svg.querySelector("use");
  const attribute = use.hasAttribute("href") ? "href" : "xlink:href";
  use.setAttribute(attribute, use.getAttribute(attribute).replace(/#.*$/, `#${name}`));
  svg.setAttribute("class", "icon");
  return svg;
};

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
export const day = (at) => DAY.format(new Date(at));

export const percent = (share) => (share > 0 && share < 0.01 ? "< 1 %" : share < 1 && share > 0.99 ? "> 99 %" : `${Math.round(100 * share)} %`);

export const duration = (seconds) =>
  seconds === null ? "" : seconds < 90 ? `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString()} ${n === 1 ? one : many}`;

/** One chip for each label of a value; what is no label is shown as words. */
export function chips(question, value) {
  if (value === undefined || value === null) return [make("span", "subtle", "nothing")];
  if (Array.isArray(value) && !value.length) return [make("span", "subtle", "none of these")];
  const labels = new Map((question.labels || []).map((label) => [label.value, label]));
  return [value].flat().map((one) => {
    const label = labels.get(one);
    if (label) return make("span", `chip c-${label.color}`, label.title);
    const words = make("span", "text said-words", String(one));
    words.dir = "auto";
    return words;
  });
}

/** The labels that a value votes for, as the distribution of a consensus names them. */
export const labelsOf = (value) => (value === undefined || value === null ? [] : [value].flat().map(String));
