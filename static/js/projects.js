// The preview of guidelines, and a word of warning beside the overlap.

for (const preview of document.querySelectorAll("[data-markdown]")) {
  const source = document.getElementById(preview.dataset.source);
  const place = preview.querySelector(".preview");
  let shown, timer;

  const show = async () => {
    if (!preview.open || shown === source.value) return;
    const body = new FormData(source.form);
    const asked = (shown = source.value);
    try {
      const response = await fetch(preview.dataset.markdown, { method: "POST", body });
      if (!response.ok || response.redirected) throw new Error();
      const html = await response.text(); // rendered by the server, which lets no HTML of people through
      if (asked === shown) place.innerHTML = html;
    } catch {
      shown = undefined;
      place.textContent = "The preview cannot be loaded now.";
    }
  };
  preview.addEventListener("toggle", show);
  source.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 300);
  });
}

const form = document.querySelector("form[data-overlap]");
form?.elements.annotations_per_item.addEventListener("input", ({ target }) => {
  form.querySelector("[data-overlap-note]").hidden = target.value === form.dataset.overlap;
});
