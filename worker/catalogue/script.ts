/** What a browser does for those who let it: nothing here is needed. Plain JavaScript, as browsers run it. */
export const SCRIPT = `"use strict";
(() => {
  const form = document.querySelector("form.find");
  const table = document.querySelector("table.list");
  if (form && table) {
    const rows = [...table.tBodies[0].rows];
    const count = document.querySelector("[data-count]");
    const filter = () => {
      const { q, kind, arch } = form.elements;
      const words = q.value.toLowerCase().split(/\\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.dataset.text;
        const fits = words.every((word) => text.includes(word)) &&
          (!kind.value || row.dataset.kind === kind.value) &&
          (!arch.value || row.dataset.arches.split(" ").includes(arch.value));
        row.hidden = !fits;
        if (fits) shown += 1;
      }
      if (count) count.textContent = String(shown);
      const query = new URLSearchParams(new FormData(form));
      for (const [key, value] of [...query]) if (!value || (key === "sort" && value === "name")) query.delete(key);
      history.replaceState(null, "", query.size ? "?" + query : location.pathname);
    };
    form.elements.q.addEventListener("input", filter);
    for (const name of ["kind", "arch"]) form.elements[name].addEventListener("change", filter);
    form.elements.sort.addEventListener("change", () => form.requestSubmit());
    form.querySelector("button").hidden = true;
  }
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const said = button.textContent;
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.of).textContent.trim());
        button.textContent = "copied";
      } catch {
        button.textContent = "not copied";
      }
      setTimeout(() => { button.textContent = said; }, 2000);
    });
  }
})();
`;
