/** One file for every page. Colours have a contrast of 4.5 to 1 or more, in light and in dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#ffffff, #14171a);
  --card: light-dark(#f6f7f8, #1d2125);
  --ink: light-dark(#1a1d21, #e8eaed);
  --soft: light-dark(#565d66, #a9b1ba);
  --line: light-dark(#d5d9de, #363c43);
  --link: light-dark(#0b57b0, #8ab8ff);
  --good: light-dark(#146c2e, #7fd79a);
  --busy: light-dark(#7a5200, #f0c060);
  --bad: light-dark(#b3261e, #ff9d94);
  --bad-paper: light-dark(#fdeeed, #33201f);
}
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, sans-serif; background: var(--paper); color: var(--ink); }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 3rem; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem; z-index: 1; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header { display: flex; flex-wrap: wrap; gap: .25rem 2rem; align-items: baseline; border-bottom: 1px solid var(--line); padding: .75rem 0; }
header p { margin: 0; font-weight: 600; }
header .name a { color: inherit; text-decoration: none; }
nav a { margin-right: 1.25rem; padding: .25rem 0; display: inline-block; }
nav a[aria-current] { color: inherit; text-decoration: none; border-bottom: 3px solid var(--link); }
#connection { margin: 0; color: var(--bad); }
#connection:not(:empty) { padding: .5rem 0; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.25rem 0 .75rem; overflow-wrap: anywhere; }
h1.id, h1 .id { font-size: 1.2rem; }
h2 { font-size: 1.2rem; margin: 1.75rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
small { color: var(--soft); font-weight: 400; }
p { margin: .25rem 0 .75rem; overflow-wrap: anywhere; }
html:has(.notice) { scroll-padding-top: 5rem; }
.notice { position: sticky; top: 0; z-index: 1; border-left: 4px solid var(--link); background: var(--card); padding: .6rem .9rem; margin: 1rem 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem; }
.card, .event { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .9rem 1rem; min-width: 0; }
.event { margin: 1rem 0; }
.event h2 { margin-top: 0; }
.told { border-top: 1px solid var(--line); padding: .75rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .9rem; margin: .5rem 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.none { color: var(--soft); }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 1rem; padding: 0 .55rem; font-size: .8rem; font-weight: 600; white-space: nowrap; color: var(--soft); }
.badge.good { color: var(--good); }
.badge.busy { color: var(--busy); }
.badge.bad { color: var(--bad); }
.troubles { list-style: none; padding: 0; margin: 0; }
.troubles li { background: var(--bad-paper); border-left: 4px solid var(--bad); border-radius: .25rem; padding: .6rem .9rem; margin: 0 0 .6rem; }
.troubles p { margin: .15rem 0 .35rem; }
.deeds { display: flex; flex-wrap: wrap; gap: .5rem; }
.deeds form, td form { margin: 0; }
.deeds:empty { display: none; }
.scroll + .deeds { margin-top: .6rem; }
button, .button { font: inherit; font-size: .9rem; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .35rem; padding: .25rem .8rem; min-height: 2rem; cursor: pointer; white-space: nowrap; text-decoration: none; display: inline-block; }
button[aria-disabled] { color: var(--soft); cursor: progress; }
button:hover, .button:hover { border-color: var(--link); }
.scroll { position: relative; overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .4rem .7rem; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td { max-width: 26rem; overflow-wrap: anywhere; min-width: 4rem; }
.short { white-space: nowrap; overflow-wrap: normal; }
td.wide { min-width: 11rem; }
.id, code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
.filters { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: 0 0 1rem; }
.filters label { display: grid; gap: .15rem; color: var(--soft); font-size: .9rem; }
input, select { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .35rem; padding: .25rem .5rem; min-height: 2rem; max-width: 100%; }
.pager { display: flex; gap: 1rem; margin: .75rem 0; }
.spark { vertical-align: middle; }
.spark polyline { fill: none; stroke: var(--link); stroke-width: 1.5; }
.next { color: var(--soft); }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; padding-top: .5rem; }
@media (max-width: 60rem) { .rank3 { display: none; } }
@media (max-width: 44rem) {
  .scroll { border: 0; }
  thead { position: absolute; clip-path: inset(50%); }
  table, tbody, tr { display: block; }
  tr { border: 1px solid var(--line); border-radius: .5rem; padding: .4rem 0; margin: 0 0 .6rem; }
  td { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: .5rem; border: 0; padding: .1rem .7rem; max-width: none; }
  td.rank3 { display: none; }
  td::before { content: attr(data-title); color: var(--soft); }
  .short { white-space: normal; }
 }
@media (prefers-reduced-motion: no-preference) { .changed { animation: changed 1.5s ease-out; } @keyframes changed { from { background: light-dark(#fff3bf, #4a4010); } } }
`;

export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#b3261e"/><circle cx="8" cy="8" r="3" fill="#fff"/></svg>`;
