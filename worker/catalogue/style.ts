/** How the pages look. A module and no file of its own, so that every bundler takes it as it is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --ink: #1d1c1a; --soft: #5d5a54; --line: #d9d5cb; --accent: #0a5c5f; --wash: #f1eee6; --warn: #8a2c0d;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #171716; --ink: #e9e6df; --soft: #a8a49b; --line: #3a3833; --accent: #7cc7c4; --wash: #22211f; --warn: #f0a183; }
}
*, ::before, ::after { box-sizing: border-box; }
html { font: 1rem/1.55 var(--sans); background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 70rem; padding: 0 1.25rem 4rem; }
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: .06em; }
a:hover { text-decoration-thickness: .12em; }
:focus-visible { outline: .18rem solid var(--accent); outline-offset: .15rem; border-radius: .1rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem; }
body > header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; padding: 1.25rem 0; border-bottom: 1px solid var(--line); }
body > header a { display: inline-block; padding: .25rem 0; color: inherit; }
body > header .name { font: 600 1.15rem/1.3 var(--serif); text-decoration: none; margin-right: auto; }
body > footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem; }
h1, h2, h3 { font-family: var(--serif); line-height: 1.25; font-weight: 600; text-wrap: balance; }
h1 { font-size: 2.1rem; margin: 2.25rem 0 .5rem; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p, ul, ol { max-width: 42rem; }
.lede { font-size: 1.1rem; color: var(--soft); margin: 0 0 1.5rem; }
code, pre, .hash { font-family: var(--mono); font-size: .875em; }
pre { background: var(--wash); padding: .85rem 1rem; overflow-x: auto; border-left: .2rem solid var(--line); }
pre code { font-size: .8125rem; }
:not(pre) > code { background: var(--wash); padding: .08em .3em; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .5rem; }
th, td { text-align: left; vertical-align: baseline; padding: .6rem 1.25rem .6rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-weight: 500; font-size: .875rem; color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
.about { display: block; font-weight: 400; color: var(--soft); }
.kind { white-space: nowrap; color: var(--soft); }
.soft { color: var(--soft); }
.warn { color: var(--warn); }
.hash { overflow-wrap: anywhere; color: var(--soft); }
form.find { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: 1.75rem 0 1.5rem; }
form.find label { display: grid; gap: .2rem; font-size: .875rem; color: var(--soft); }
form.find label:first-child { flex: 1 1 16rem; }
input, select, button { font: 1rem/1.4 var(--sans); color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .2rem; padding: .4rem .6rem; min-height: 2.4rem; max-width: 100%; }
button { cursor: pointer; }
button:hover { border-color: var(--accent); color: var(--accent); }
button.copy { min-height: 1.75rem; padding: .1rem .5rem; font-size: .8125rem; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: 1.25rem 0; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
.news { columns: 2; column-gap: 3rem; padding: 0; list-style: none; max-width: none; }
.news li { break-inside: avoid; padding: .25rem 0; }
.readme { border-top: 1px solid var(--line); margin-top: 3rem; }
.readme table { font-size: .9375rem; }
.scroll { overflow-x: auto; }
figure { margin: 1.5rem 0; }
figcaption { color: var(--soft); font-size: .875rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 13px var(--sans); }
svg .soft { fill: var(--soft); }
svg .bar, svg .dot { fill: var(--accent); }
svg .thread { fill: none; stroke: var(--accent); stroke-width: 1.5; }
svg .grid { stroke: var(--line); }
[hidden] { display: none; }
@media (max-width: 44rem) {
  h1 { font-size: 1.7rem; }
  .news { columns: 1; }
  table.cards thead { position: absolute; left: -100vw; }
  table.cards tr { display: block; padding: .75rem 0; border-bottom: 1px solid var(--line); }
  table.cards th, table.cards td { display: block; border: 0; padding: .05rem 0; text-align: left; }
  table.cards td::before { content: attr(data-label) " "; color: var(--soft); }
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .5rem; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #444; --accent: #000; --wash: #fff; }
  body > header nav, form.find, button, .skip { display: none; }
  .readme a[href^="http"]::after { content: " <" attr(href) ">"; font-size: .8em; }
}
`;
