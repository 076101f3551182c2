/** How the pages look. A module and no file of its own, so that every bundler takes it as it is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fff, #131518); --wash: light-dark(#f4f5f7, #1c1f24); --line: light-dark(#dcdfe4, #31363e);
  --ink: light-dark(#16191d, #e6e8eb); --soft: light-dark(#545b64, #a3abb5);
  --accent: light-dark(#0a5cb0, #7cb8ff); --warn: light-dark(#9c2a10, #ffa58c);
  --sans: system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
*, ::before, ::after { box-sizing: border-box; }
html { font: 100%/1.5 var(--sans); background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; scrollbar-gutter: stable; }
body { margin: 0 auto; max-width: 78rem; padding: 0 1.25rem 3rem; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
:target { scroll-margin-top: 1rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -200vw; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem 1rem; z-index: 1; }
:root:not([data-script]) .needs-script, :root[data-script] .without-script, [hidden] { display: none; }

body > header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: center; padding: .75rem 0; border-bottom: 2px solid var(--ink); font-size: .9375rem; }
body > header .name { font-weight: 700; margin-right: auto; color: inherit; text-decoration: none; }
body > header nav { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; }
body > header a { display: inline-block; padding: .25rem 0; }
body > footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem; }

h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.75rem, 1.2rem + 2vw, 2.5rem); letter-spacing: -.02em; margin: 2rem 0 .25rem; }
h1 > code:not(pre) { font: inherit; font-family: var(--mono); background: none; padding: 0; letter-spacing: -.04em; }
h1 .version { font-weight: 400; color: var(--soft); letter-spacing: -.02em; }
h2 { font-size: 1rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 2rem 0 .5rem; }
h4 { font-size: .9375rem; color: var(--soft); margin: 1.5rem 0 .5rem; }
p, ul, ol, dl { max-width: 44rem; }
p { margin: 0 0 1rem; }
.lede { font-size: 1.125rem; color: var(--soft); text-wrap: pretty; }
code, pre, .hash { font-family: var(--mono); font-size: .875em; }
pre { background: var(--wash); padding: .75rem 1rem; overflow-x: auto; margin: 0 0 1rem; line-height: 1.6; }
pre code { font-size: .8125rem; }
:not(pre) > code { background: var(--wash); padding: .1em .3em; overflow-wrap: anywhere; }
.soft, .about { color: var(--soft); }
.about { display: block; font-weight: 400; }
.warn { color: var(--warn); }
.hash { color: var(--soft); overflow-wrap: anywhere; }

.part { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: 1.25rem; }
.part > div > :first-child { margin-top: 0; }
.jump { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: 1.25rem 0 0; font-size: .9375rem; }
.jump a, .news a { display: inline-block; padding: .15rem 0; }

table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9375rem; }
th, td { text-align: left; vertical-align: baseline; padding: .45rem 1.25rem .45rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-weight: 500; font-size: .8125rem; color: var(--soft); white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.nowrap { white-space: nowrap; }
.scroll { overflow-x: auto; margin-bottom: 1rem; }
.name { font-family: var(--mono); font-weight: 700; letter-spacing: -.02em; }
body > header .name { font-family: var(--sans); letter-spacing: 0; }
.digest { display: inline-block; max-width: 9ch; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; vertical-align: middle; margin-right: .5rem; }
.withdrawn th > a { text-decoration-line: underline line-through; }
.list td, .list th { padding-block: .55rem; }
.list .name a { text-decoration: none; display: inline-block; padding-block: .15rem; }
.versions table { width: auto; }
.versions .about { max-width: 18rem; }
.list .name a:hover, .list tr:hover .name a { text-decoration: underline; }
.count { margin: 0 0 .25rem; color: var(--soft); font-size: .875rem; }

.find { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: 1.5rem 0; }
label { display: grid; gap: .2rem; font-size: .8125rem; color: var(--soft); }
.find label:first-child { flex: 1 1 16rem; }
input, select, button { font: 1rem/1.4 var(--sans); color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 0; padding: .35rem .6rem; min-height: 2.5rem; max-width: 100%; }
select { text-overflow: ellipsis; }
button { cursor: pointer; }
button:hover { border-color: var(--accent); color: var(--accent); }
button.copy { min-height: 1.75rem; padding: .1rem .6rem; font-size: .8125rem; }
.theme { min-height: 1.75rem; padding: 0 .6rem; font-size: .8125rem; }

.configure { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: .75rem 1.25rem; align-items: end; margin-bottom: 1.25rem; }
.configure label { grid-template-columns: minmax(0, 1fr); }
.configure button { justify-self: start; }
.configure + .warn { border-left: 3px solid; padding-left: .75rem; }
.text { max-height: 30rem; overflow: auto; background: var(--wash); }
.text pre { overflow: visible; margin: 0; width: max-content; }
.actions { display: flex; gap: 1rem; align-items: center; }
[aria-current] { color: inherit; font-weight: 700; text-decoration: none; }

.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 1rem 2rem; margin: 1.5rem 0 0; max-width: none; }
.facts dt { color: var(--soft); font-size: .8125rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.news { list-style: none; padding: 0; margin: 0; max-width: none; font-size: .9375rem; }
.news li { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem; border-bottom: 1px solid var(--line); padding: .15rem 0; }

figure { margin: 0 0 1.5rem; }
figcaption { color: var(--soft); font-size: .8125rem; margin-top: .25rem; }
.graphs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem 2rem; max-width: 52rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font: 11px var(--sans); }
svg .thread { fill: none; stroke: var(--accent); stroke-width: 1.5; }
svg .area { fill: var(--accent); opacity: .12; }
svg .dot, svg .bar { fill: var(--accent); }
svg .grid { stroke: var(--line); }
.parts .share { width: 45%; }
.parts svg { height: .75rem; background: var(--wash); }
summary { cursor: pointer; padding: .25rem 0; }

.documents nav:has(> .jump) { margin-bottom: 2rem; }
.document h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
.document h2:first-child { border: 0; }
.document td { vertical-align: top; }
.document :is(th, td) > code { white-space: nowrap; }
.turn { display: flex; justify-content: space-between; gap: 1rem; margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.turn [rel="prev"]::before { content: "← " / ""; }
.turn [rel="next"] { margin-left: auto; }
.turn [rel="next"]::after { content: " →" / ""; }
.shelves { margin-top: 3rem; font-size: .9375rem; }
.shelves h2 { font-size: .8125rem; font-weight: 500; color: var(--soft); margin: 1.25rem 0 .25rem; }
.shelves ul { list-style: none; padding: 0; margin: 0; }
.shelves a { display: inline-block; padding: .15rem 0; }
.shelf { display: grid; grid-template-columns: minmax(0, 14rem) minmax(0, 1fr); gap: .5rem 1.5rem; margin: 0; }
.shelf dd { margin: 0; color: var(--soft); }

@media (min-width: 62rem) {
  .documents { display: grid; grid-template-columns: minmax(0, 1fr) 13rem; column-gap: 4rem; }
  .documents .shelves { position: sticky; top: 1rem; align-self: start; margin-top: 2.5rem; }
  .configure { max-width: 58rem; }
  .front { display: grid; grid-template-columns: minmax(0, 1fr) 21rem; column-gap: 4rem; margin-top: 2rem; }
  .front h1 { margin-top: 0; }
  .front p { margin-bottom: 0; }
  /* Columns that are as wide before the last row has come as after it. */
  .list { table-layout: fixed; }
  .list th:nth-child(1) { width: 15%; }
  .list th:nth-child(2) { width: 32%; }
  .list th:nth-child(3) { width: 12%; }
  .list th:nth-child(4) { width: 9%; }
  .list th:nth-child(5) { width: 7%; }
  .list th:nth-child(6) { width: 10%; }
  .list td, .list th { overflow-wrap: anywhere; }
  .part { display: grid; grid-template-columns: 10rem minmax(0, 1fr); column-gap: 2.5rem; }
  .part > h2 { position: sticky; top: 1rem; align-self: start; }
}
@media (max-width: 48rem) {
  .list thead { position: absolute; left: -200vw; }
  .list, .list tbody { display: block; }
  .list tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .list th, .list td { display: inline-block; border: 0; padding: 0 .75rem 0 0; }
  .list th, .list td.what { display: block; padding: 0; }
  .list td:not(.what) { color: var(--soft); font-size: .875rem; }
  .list td .about { display: inline; }
  .shelf { grid-template-columns: minmax(0, 1fr); }
  .shelf dd { margin-bottom: .5rem; }
  .parts .share, .news li:nth-child(n + 4) { display: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root { color-scheme: light !important; --accent: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  body > header nav, .find, .configure, .jump, .shelves, .turn, button, .skip { display: none !important; }
  .part { break-inside: auto; }
  h2, h3 { break-after: avoid; }
  .text { max-height: none; }
  .text pre { white-space: pre-wrap; width: auto; }
  tr, figure { break-inside: avoid; }
  .readme a[href^="http"]::after { content: " <" attr(href) ">"; font-size: .8em; overflow-wrap: anywhere; }
}
`;
