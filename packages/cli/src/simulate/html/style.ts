/** The one style sheet; the page's content security policy names its digest and nothing else. */
export const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--page:#fff;--card:#f6f8fa;--line:#d0d7de;--bad:#c4242f;--warn:#9a6700;--open:#d4891c;--good:#1a7f37;--quiet:#a8b3bd;--accent:#0969da}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa5b1;--page:#0d1117;--card:#161b22;--line:#30363d;--bad:#ff7b72;--warn:#e3b341;--open:#e3a23c;--good:#56d364;--quiet:#5b6570;--accent:#6cb6ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1.5rem 1.25rem 4rem;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.2rem;margin:2.25rem 0 .75rem;padding-top:1rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
p{margin:.4rem 0}
h1,h2,h3,p,li,.problem,.axis{overflow-wrap:anywhere}
.tallies>div,.numbers>div{min-width:0}
.soft{color:var(--soft);font-size:.9rem}
code,pre{font-family:ui-monospace,monospace;font-size:.86em;overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.75rem;overflow-x:auto;overflow-wrap:normal;white-space:pre}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.75rem;margin:1.25rem 0}
.numbers div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem}
.numbers b{display:block;font-size:1.75rem;line-height:1.2;font-variant-numeric:tabular-nums}
.problem{border:1px solid var(--line);border-left:5px solid var(--warn);border-radius:6px;padding:.6rem .9rem;margin:.6rem 0}
.problem.error{border-left-color:var(--bad)}
.bad{color:var(--bad);font-weight:600}.warn{color:var(--warn);font-weight:600}.good{color:var(--good);font-weight:600}
.scroll{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{text-align:left;font-weight:600;color:var(--soft);white-space:nowrap}
th,td{padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.tallies{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:0 2.5rem}.tallies h3{margin-bottom:0}.tallies td:last-child,.tallies th:last-child{text-align:right;font-variant-numeric:tabular-nums;padding-right:0}
td code{overflow-wrap:break-word}.tallies td code{overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.25rem 1rem;margin:.75rem 0;font-size:.95rem}
dt{color:var(--soft)}dd{margin:0;min-width:0;overflow-wrap:anywhere}
figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.5rem}
.bars{display:grid;grid-template-columns:max-content max-content 1fr max-content;gap:.2rem .75rem;align-items:center;font-size:.9rem}
.bars .name{grid-row:span 2;font-weight:600}
.bars .when{color:var(--soft)}
.bars .sum{font-variant-numeric:tabular-nums;color:var(--soft)}
.bars .gap{grid-column:1/-1;height:.4rem}
.bars svg{display:block;width:100%;height:.95rem}
.steps svg{display:block;width:100%;height:9rem}
.axis{display:flex;justify-content:space-between;gap:1rem;font-size:.85rem;color:var(--soft);font-variant-numeric:tabular-nums}
.blocked{fill:var(--bad)}.excused{fill:var(--open)}.passed{fill:var(--quiet)}.track{fill:var(--card)}
.area{fill:var(--open);fill-opacity:.3}.edge{fill:none;stroke:var(--open);stroke-width:2}.base{stroke:var(--line);stroke-width:1}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:.6rem 0 0;padding:0;list-style:none;font-size:.85rem;color:var(--soft)}
.key svg{width:.75rem;height:.75rem;margin-right:.4rem;vertical-align:-1px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:34rem){table{width:max-content;min-width:100%;max-width:52rem}td{max-width:18rem}.tallies table{width:100%}body{padding:1rem .9rem 3rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}.bars{grid-template-columns:max-content 1fr max-content}.bars .name{grid-column:1/-1;grid-row:auto}}
@media print{body{max-width:none}.scroll{overflow:visible}}
`
