/** The page's style: light and dark by the reader's system, or by the button. */
export const style = `
:root { color-scheme: light; --ground: #f7f8fa; --card: #ffffff; --ink: #1b2330; --muted: #5d6878; --line: #dfe4ea; --grid: #eceff3;
  --c1: #2563c9; --c2: #d9730d; --c3: #98a2b0; --good: #15803d; --bad: #b42318; --tint: #eef4fd; }
:root[data-theme="dark"] { color-scheme: dark; --ground: #10141b; --card: #181e27; --ink: #e6eaf0; --muted: #9aa6b6; --line: #2b3442; --grid: #232b37;
  --c1: #6ea8fe; --c2: #f0a04b; --c3: #7b8796; --good: #4ade80; --bad: #f97066; --tint: #1c2a40; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 64px; }
header .top { display: flex; justify-content: space-between; align-items: center; gap: 12px; color: var(--muted); font-size: 14px; }
header .top b { color: var(--ink); letter-spacing: .01em; }
h1 { font-size: 28px; line-height: 1.2; margin: 14px 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 40px 0 12px; }
h3 { font-size: 15px; margin: 22px 0 8px; } .card h3 { margin-top: 0; }
p { margin: 0 0 10px; }
.lead { font-size: 16px; color: var(--muted); max-width: 75ch; }
.note, .muted { color: var(--muted); }
.note { font-size: 13px; margin: 6px 0 0; }
button { font: inherit; font-size: 13px; color: var(--muted); background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; cursor: pointer; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px; margin: 20px 0 8px; }
.tile, .card, figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile { padding: 12px 14px; }
.tile .label { color: var(--muted); font-size: 13px; }
.tile .value { font-size: 20px; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.3; overflow-wrap: anywhere; }
.tile .below { color: var(--muted); font-size: 12.5px; font-variant-numeric: tabular-nums; }
.card { padding: 14px 16px; margin: 0 0 14px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--muted); font-size: 13px; white-space: nowrap; }
th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td.n, th.n { text-align: right; white-space: nowrap; }
td .range { display: block; color: var(--muted); font-size: 12px; }
tr.own td { background: var(--tint); }
tr.own td:first-child { box-shadow: inset 3px 0 var(--c1); padding-left: 10px; }
td.first, th.first { padding-left: 10px; }
.best { font-weight: 700; }
.good { color: var(--good); } .bad { color: var(--bad); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 14px; }
figure { margin: 0; padding: 14px 16px 12px; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: 6px; }
.chart { width: 100%; min-height: 250px; }
.forest .row { display: grid; grid-template-columns: minmax(76px, 18%) 1fr 48px; gap: 14px; align-items: center; min-height: 30px; font-variant-numeric: tabular-nums; font-size: 14px; }
.forest .name { overflow-wrap: anywhere; } .forest .track { position: relative; height: 30px; } .forest i { position: absolute; }
.forest .grid { top: 0; bottom: 0; border-left: 1px solid var(--grid); } .forest .ci { top: 13.5px; height: 3px; border-radius: 2px; background: var(--c3); }
.forest .dot { top: 9px; width: 12px; height: 12px; margin-left: -6px; border-radius: 50%; background: var(--c3); border: 2px solid var(--card); }
.forest .own { font-weight: 650; } .forest .own .ci, .forest .own .dot { background: var(--c1); }
.forest .axis .track { height: 18px; } .forest .axis { min-height: 18px; } .forest .axis i { transform: translateX(-50%); font-style: normal; font-size: 12px; color: var(--muted); }
.balance { display: flex; height: 8px; width: 120px; border-radius: 4px; overflow: hidden; background: var(--grid); margin-top: 7px; }
.balance i { display: block; } .balance .w { background: var(--good); } .balance .t { background: var(--grid); } .balance .l { background: var(--bad); }
details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 16px; margin: 0 0 10px; }
summary { cursor: pointer; font-weight: 600; overflow-wrap: anywhere; }
details[open] > summary { margin-bottom: 8px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 14px; align-items: start; }
.example { border-top: 1px solid var(--line); padding: 12px 0 4px; } .example:first-of-type { border-top: 0; padding-top: 0; }
.example .query { font-weight: 600; overflow-wrap: anywhere; }
.example dl { display: grid; grid-template-columns: 92px 1fr; gap: 3px 10px; margin: 6px 0; font-size: 14px; }
.example dt { color: var(--muted); } .example dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.chip { display: inline-block; font-size: 12px; border-radius: 999px; padding: 0 8px; border: 1px solid var(--line); color: var(--muted); white-space: nowrap; font-variant-numeric: tabular-nums; }
.chip.win { color: var(--good); border-color: currentColor; } .chip.loss { color: var(--bad); border-color: currentColor; } .chip.draw { color: var(--c2); border-color: currentColor; }
td.text { min-width: 180px; overflow-wrap: anywhere; } tr.out td { color: var(--muted); } td .chip { margin-left: 6px; }
td.key, td.round { white-space: nowrap; } td.key { color: var(--muted); white-space: nowrap; }
code { font: 12.5px/1.5 ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
ul.plain { margin: 0; padding-left: 20px; }
footer { margin-top: 44px; color: var(--muted); font-size: 13px; }
.u-legend { font-size: 12.5px; color: var(--muted); text-align: left; } .u-legend th { font-weight: 500; }
.u-legend .u-value { font-variant-numeric: tabular-nums; color: var(--ink); }
.u-legend th, .u-legend td { border: 0; padding: 2px 4px; }
@media (max-width: 560px) { main { padding: 18px 12px 48px; } h1 { font-size: 23px; } .card, figure, details { padding-left: 12px; padding-right: 12px; } .tiles { grid-template-columns: 1fr 1fr; } .example dl { grid-template-columns: 76px 1fr; } }
@media print { button { display: none; } body { background: #fff; } .card, figure, details { break-inside: avoid; } }
`;
