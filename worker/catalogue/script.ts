/** What a browser does for those who let it: nothing here is needed. Plain JavaScript, as browsers run it. */
export const SCRIPT = `"use strict";
// In the head and before all else, so that nothing is painted in the wrong colours, and nothing moves.
const root = document.documentElement;
root.dataset.script = "";
// A browser may be told to keep nothing.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
} catch {}

addEventListener("DOMContentLoaded", () => {
  const say = (words) => { document.getElementById("said").textContent = words; };

  document.querySelector(".theme").addEventListener("click", () => {
    const isDark = getComputedStyle(root).colorScheme === "dark" ||
      (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    const theme = isDark ? "light" : "dark";
    root.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch {}
    say(theme + " colours");
  });

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
        if (row.hidden === fits) row.hidden = !fits;
        if (fits) shown += 1;
      }
      count.textContent = String(shown);
      const query = new URLSearchParams(new FormData(form));
      for (const [key, value] of [...query]) if (!value || (key === "sort" && value === "name")) query.delete(key);
      history.replaceState(null, "", query.size ? "?" + query : location.pathname);
    };
    // Rows that the address left out are not here to be shown again.
    const isWhole = rows.length === Number(table.dataset.all);
    const narrow = isWhole ? filter : () => form.requestSubmit();
    form.elements.q.addEventListener(isWhole ? "input" : "change", narrow);
    for (const name of ["kind", "arch"]) form.elements[name].addEventListener("change", narrow);
    form.elements.sort.addEventListener("change", () => form.requestSubmit());
    // What a browser has filled in again.
    if (isWhole && form.elements.q.value) filter();
  }

  for (const button of document.querySelectorAll("button.copy")) {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.of).textContent.trim());
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not copied";
      }
      say(button.textContent);
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
});
`;
