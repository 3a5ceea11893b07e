/** The report's style: system fonts, two palettes, no request to anywhere. */
export const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #5b6570; --paper: #ffffff; --panel: #f5f7f9; --line: #dfe4ea;
  --train: #2f6fde; --held: #d9730d; --time: #6a8f3c; --bad: #c62f3b; --good: #1f8a4c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa5b1; --paper: #14171b; --panel: #1c2127; --line: #313842;
  --train: #6ea0ff; --held: #ffab5e; --time: #a4cc6f; --bad: #ff7a84; --good: #58c98a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.4rem 0 .6rem; }
.sub { color: var(--soft); margin: .2rem 0 1.4rem; }
td code { white-space: nowrap; } code, pre { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--panel); padding: 1rem; border-radius: 8px; overflow: auto; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .6rem; }
.cards div { background: var(--panel); border-radius: 8px; padding: .7rem .9rem; }
.cards b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; } .cards span { color: var(--soft); font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
th { text-align: left; color: var(--soft); font-weight: 600; } th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; } .scroll { overflow-x: auto; }
.good { color: var(--good); } .bad { color: var(--bad); } .empty { color: var(--soft); }
figure { margin: .5rem 0 1rem; } svg { width: 100%; height: auto; display: block; }
.axes line { stroke: var(--line); stroke-width: 1; } .axes text { fill: var(--soft); font-size: 12px; } .axes .x { text-anchor: middle; } .axes .y { text-anchor: end; }
.axes .y.label { text-anchor: start; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .line.train { stroke: var(--train); } .line.held { stroke: var(--held); } .line.time { stroke: var(--time); }
circle.held { fill: var(--held); } circle.train { fill: var(--train); } circle.time { fill: var(--time); } .mark { stroke: var(--bad); stroke-dasharray: 3 3; }
.legend { margin: .2rem 0 0; color: var(--soft); font-size: .85rem; display: flex; gap: 1.2rem; flex-wrap: wrap; }
.legend i { display: inline-block; width: .8rem; height: .25rem; margin-right: .4rem; vertical-align: middle; border-radius: 2px; }
.legend i.train, .bars i { background: var(--train); } .legend i.held { background: var(--held); } .legend i.time { background: var(--time); }
.bars div { display: grid; grid-template-columns: 7rem 1fr minmax(14rem, auto); gap: .8rem; align-items: center; margin: .35rem 0; }
.bars .bar { background: var(--panel); border-radius: 5px; height: .9rem; overflow: hidden; } .bars i { display: block; height: 100%; }
.bars .note { color: var(--soft); font-size: .85rem; }
@media (max-width: 40rem) { .bars div { grid-template-columns: 1fr; gap: .1rem; } }
`;
