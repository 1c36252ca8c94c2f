// SPDX-License-Identifier: Apache-2.0
// The style of cohort_page.h, in addition to page_style.h.
#pragma once

namespace cg {

constexpr const char* cohort_page_style = R"css(
:root {
  --width: 1200px;
}
.synthetic { display: inline-block; margin: 10px 0 0; padding: 4px 12px; border: 1.5px solid var(--accent);
  border-radius: 6px; color: var(--accent); font-weight: 600; }
.checked { margin-top: 10px; }
.outliers .brain .who b { color: var(--accent); }
.outliers .pairs .brain .who { flex-basis: 170px; } .outliers .brain { align-items: flex-start; }
.chart { display: block; width: 100%; max-width: 900px; font-size: 12px; }
.chart text { fill: var(--soft); }
.chart .tick { text-anchor: end; font-variant-numeric: tabular-nums; }
.chart .number, .chart .axis { text-anchor: middle; }
.chart .axis { font-size: 13px; fill: var(--ink); }
.chart rect:hover { opacity: 0.75; }
table.people { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; min-width: 560px; }
.people th, .people td { padding: 4px 22px 4px 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
.people thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
.people th:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 64px; }
.people tbody th { font-weight: 400; }
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
.which { display: none; font-size: 13px; color: var(--soft); }
@container (min-width: 360px) { .five .sign { display: none; } }
@container (min-width: 460px) { .six .sign { display: none; } }
@media (max-width: 720px) {
  .brain { flex-wrap: wrap; gap: 6px 18px; } .brain .who, .outliers .pairs .brain .who { flex-basis: 100%; }
  .columns { display: none; } .which { display: block; flex-basis: 100%; }
  .pairs { grid-template-columns: 1fr; } .planes { flex-basis: 240px; }
  .chart { font-size: 17px; } .chart .axis { font-size: 18px; transform: translateY(4px); }
  table.people { font-size: 12.5px; min-width: 360px; } .six table.people { min-width: 460px; }
  .people th, .people td { padding-right: 9px; } .people thead th { white-space: normal; }
}
@media (max-width: 480px) {
  .chart { font-size: 23px; } .chart .number { transform: translateY(6px); }
  .chart .axis { font-size: 25px; transform: translateY(12px); }
}
@media print { .brain, figure { break-inside: avoid; } }
)css";

}  // namespace cg
