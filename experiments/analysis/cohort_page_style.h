// How cohort_page.h looks.
#pragma once

namespace cg {

constexpr const char* cohort_page_style = R"css(
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f5f7f9; --ink: #16202b; --soft: #5a6876; --rule: #dde3e9; --accent: #c2185b;
  --c0: #0072b2; --c1: #e69f00; --c2: #009e73; --c3: #cc79a7; --c4: #56b4e9; --c5: #d55e00; --c6: #8a79d6;
  --c7: #8b98a5; --plate: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f151b; --panel: #182028; --ink: #e7edf3; --soft: #9aa8b6; --rule: #2b3641; --accent: #ff6fa3;
    --c0: #3d9ad6; --c1: #f0b53a; --c2: #2fbf95; --c3: #e09ac2; --c4: #86cbf2; --c5: #f08442; --c6: #a698ec;
    --c7: #738191; --plate: #05080b;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 32px 48px; max-width: 1200px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 26px; line-height: 1.25; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 18px; }
section { margin-top: 38px; }
p { margin: 4px 0 12px; max-width: 100ch; }
.soft { color: var(--soft); }
.synthetic { display: inline-block; margin: 10px 0 0; padding: 4px 12px; border: 1.5px solid var(--accent);
  border-radius: 6px; color: var(--accent); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 12px; margin-top: 20px; }
.tile { padding: 12px 16px; background: var(--panel); border-radius: 8px; }
.tile b { display: block; font-size: 24px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 4px 0 8px; padding: 0; list-style: none;
  font-size: 13.5px; }
i { display: inline-block; width: 12px; height: 12px; margin-right: 7px; border-radius: 3px; vertical-align: -1px; }
.c0 { fill: var(--c0); background: var(--c0); } .c1 { fill: var(--c1); background: var(--c1); }
.c2 { fill: var(--c2); background: var(--c2); } .c3 { fill: var(--c3); background: var(--c3); }
.c4 { fill: var(--c4); background: var(--c4); } .c5 { fill: var(--c5); background: var(--c5); }
.c6 { fill: var(--c6); background: var(--c6); } .c7 { fill: var(--c7); background: var(--c7); }
figure { margin: 8px 0 0; overflow-x: auto; }
.chart { display: block; width: 100%; min-width: 560px; max-width: 900px; font-size: 12px; }
.chart text { fill: var(--soft); }
.chart .tick { text-anchor: end; font-variant-numeric: tabular-nums; }
.chart .number, .chart .axis { text-anchor: middle; }
.chart .axis { font-size: 13px; fill: var(--ink); }
.grid { stroke: var(--rule); fill: none; }
.chart rect:hover { opacity: 0.75; }
.scroll { overflow-x: auto; max-height: 480px; overflow-y: auto; }
table.people { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; min-width: 560px; }
.people th, .people td { padding: 4px 22px 4px 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
.people thead th { position: sticky; top: 0; background: var(--paper); color: var(--soft); font-weight: 600; }
.people th:first-child { text-align: left; } .people tbody th { font-weight: 400; }
.people tfoot th, .people tfoot td { font-weight: 700; border-top: 2px solid var(--rule); border-bottom: none; }
.maps { display: grid; gap: 14px 10px; margin-top: 12px; }
.pairs { grid-template-columns: 1fr 1fr; } .pairs .brain .who { flex-basis: 96px; }
.brain { display: flex; align-items: center; gap: 18px; min-width: 0; }
.brain .who { flex: 0 0 128px; font-size: 13px; color: var(--soft); overflow-wrap: anywhere; }
.brain .who b { display: block; font-size: 17px; color: var(--ink); }
.planes { display: flex; gap: 6px; padding: 6px; background: var(--plate); border-radius: 8px; flex: 1 1 0;
  min-width: 0; max-width: 520px; }
.planes img { flex: 1 1 0; min-width: 0; width: 100%; image-rendering: pixelated; align-self: center; }
.planes img.sagittal { flex-grow: 1.2; }
.columns { display: flex; gap: 18px; margin: 10px 0 -4px; font-size: 13px; color: var(--soft); }
.columns span:first-child { flex: 0 0 128px; } .columns span { flex: 1 1 0; max-width: 520px; }
.scale { display: flex; align-items: center; gap: 8px; margin: 10px 0 0; font-size: 13px; color: var(--soft); }
.scale span.bar { width: 180px; height: 12px; border-radius: 3px; }
footer { margin-top: 40px; color: var(--soft); font-size: 13px; }
@media (max-width: 720px) {
  body { padding: 18px 14px 36px; } .brain { flex-wrap: wrap; } .brain .who { flex-basis: 100%; }
  .columns { display: none; } .pairs { grid-template-columns: 1fr; } .planes { flex-basis: 240px; }
}
@media print { body { padding: 0; max-width: none; font-size: 11px; } .scroll { max-height: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .brain, figure { break-inside: avoid; } }
)css";

}  // namespace cg
