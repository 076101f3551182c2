// What a browser does for those who let it: nothing here is needed. It is sent as it stands, so its types are comments;
// and it runs in the head before all else, so that nothing is painted in the wrong colours, and nothing moves.

const root = document.documentElement;
root.dataset.script = "";
// A browser may be told to keep nothing.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
} catch {}

addEventListener("DOMContentLoaded", () => {
  document.querySelector(".theme")?.addEventListener("click", changeTheme);
  const form = document.querySelector("form.find");
  const table = document.querySelector("table.list");
  if (form instanceof HTMLFormElement && table instanceof HTMLTableElement) findAsTyped(form, table);
  for (const button of document.querySelectorAll("button.copy")) {
    if (button instanceof HTMLButtonElement) copyOnClick(button);
  }
});

/**
 * To those who hear the page.
 * @param {string} words
 */
function say(words) {
  const said = document.getElementById("said");
  if (said !== null) said.textContent = words;
}

function changeTheme() {
  const isDark =
    getComputedStyle(root).colorScheme === "dark" ||
    (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const theme = isDark ? "light" : "dark";
  root.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {}
  say(`${theme} colours`);
}

/**
 * Hides rows while words are typed, and has the address say what is looked for.
 * @param {HTMLFormElement} form
 * @param {HTMLTableElement} table
 */
function findAsTyped(form, table) {
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  const count = document.querySelector("[data-count]");
  const [q, kind, arch] = [control(form, "q"), control(form, "kind"), control(form, "arch")];

  const filter = () => {
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const { text = "", arches = "" } = row.dataset;
      const fits =
        words.every((word) => text.includes(word)) &&
        (!kind.value || row.dataset.kind === kind.value) &&
        (!arch.value || arches.split(" ").includes(arch.value));
      if (row.hidden === fits) row.hidden = !fits;
      if (fits) shown += 1;
    }
    if (count !== null) count.textContent = String(shown);
    const query = new URLSearchParams();
    for (const [key, value] of new FormData(form)) {
      if (typeof value === "string" && value && !(key === "sort" && value === "name")) query.append(key, value);
    }
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  };
  // Rows that the address left out are not here to be shown again.
  const isWhole = rows.length === Number(table.dataset.all);
  const narrow = isWhole ? filter : () => form.requestSubmit();
  q.addEventListener(isWhole ? "input" : "change", narrow);
  kind.addEventListener("change", narrow);
  arch.addEventListener("change", narrow);
  control(form, "sort").addEventListener("change", () => form.requestSubmit());
  // What a browser has filled in again.
  if (isWhole && q.value) filter();
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function control(form, name) {
  const found = form.elements.namedItem(name);
  if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
  throw new Error(`the form has no ${name}`);
}

/** @param {HTMLButtonElement} button */
function copyOnClick(button) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    try {
      const text = document.getElementById(button.dataset.of ?? "")?.textContent ?? "";
      await navigator.clipboard.writeText(text.trim());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    say(button.textContent);
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}
