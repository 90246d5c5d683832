// Shows an item: what its payload holds, by the schema's fields. Everything is text; nothing is ever read as markup.
// The server renders the first item in the same way (templates/annotation/label_item.html).
const TINY = 96; // pixels: smaller pictures are enlarged, with crisp edges

const make = (name, className, text) => {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

const words = (value) => (typeof value === "object" ? JSON.stringify(value, null, 2) : String(value));

const web = (value) => {
  try {
    return /^https?:$/.test(new URL(value).protocol);
  } catch {
    return false;
  }
};

const SHOW = {
  text(value) {
    const element = make("div", "item-text", words(value));
    element.dir = "auto";
    return element;
  },
  number: (value) => make("div", "item-number tabular", words(value)),
  link(value) {
    if (!web(value)) return SHOW.text(value);
    const element = make("a", "item-link", value);
    Object.assign(element, { href: value, target: "_blank", rel: "noopener noreferrer nofollow" });
    return element;
  },
  image(value, mediaUrl) {
    const button = make("button", "item-image");
    const image = make("img");
    button.type = "button";
    button.setAttribute("aria-label", `Enlarge ${value}`);
    image.alt = String(value);
    image.src = mediaUrl(value);
    button.append(image);
    const figure = make("div", "item-figure");
    figure.append(button);
    return figure;
  },
};

/** Marks tiny pictures, and says so when one is missing. */
function watch(image) {
  const look = () => image.parentElement?.classList.toggle("tiny", image.naturalWidth > 0 && image.naturalWidth <= TINY);
  image.addEventListener("load", look);
  image.addEventListener("error", () => image.closest(".item-figure").replaceChildren(make("p", "help", `The picture ${image.alt} could not be loaded.`)));
  if (image.complete) look();
}

export class ItemView {
  #ready = new WeakMap();

  constructor(body, { fields, media }) {
    this.body = body;
    this.fields = fields.length ? fields.filter((field) => field.type !== "hidden") : null; // null: everything, as text
    this.mediaUrl = (name) => media.replace("NAME", String(name).split("/").map(encodeURIComponent).join("/"));
    body.addEventListener("click", (event) => event.target.closest(".item-image") && this.zoom(event.target.closest(".item-image")));
  }

  /** The server has painted this item already. */
  adopt(item) {
    const nodes = [...this.body.childNodes];
    for (const image of this.body.querySelectorAll("img")) watch(image);
    this.#ready.set(item, nodes);
  }

  /** Build it ahead of time, so that its pictures are here when it is shown. */
  prepare(item) {
    if (this.#ready.has(item)) return;
    const nodes = this.#shown(item.payload).flatMap((part) => this.#field(...part));
    if (!nodes.length) nodes.push(make("p", "help", "This item has nothing to show."));
    this.#ready.set(item, nodes);
  }

  show(item) {
    this.prepare(item);
    this.body.replaceChildren(...this.#ready.get(item));
    this.body.scrollTop = 0;
  }

  zoom(button = this.body.querySelector(".item-image")) {
    const dialog = document.getElementById("zoom");
    if (!button || !dialog) return false;
    const image = button.firstElementChild.cloneNode();
    dialog.classList.toggle("tiny", button.classList.contains("tiny"));
    dialog.querySelector("div").replaceChildren(image);
    dialog.onclick = () => dialog.close();
    dialog.showModal();
    return true;
  }

  #shown(payload) {
    const fields = this.fields ?? Object.keys(payload).map((name) => ({ name }));
    return fields.filter(({ name }) => payload[name] !== undefined && payload[name] !== null).map((field) => [field, payload[field.name], fields.length > 1]);
  }

  #field(field, value, titled) {
    const shown = (SHOW[field.type] || SHOW.text)(value, this.mediaUrl);
    const image = shown.querySelector("img");
    if (image) watch(image);
    return titled ? [make("h3", "item-field", field.title || field.name), shown] : [shown];
  }
}
