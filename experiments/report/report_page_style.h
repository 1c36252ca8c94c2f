// SPDX-License-Identifier: Apache-2.0
// The style of report_page.h, in addition to page_style.h, and its script: the slider over epochs. The script avoids
// the "less than" sign, so that the page stays well-formed XML.
#pragma once

namespace cg {

constexpr const char* report_page_style = R"css(
:root {
  --width: 1160px;
}
@media (prefers-color-scheme: dark) {
  .own { stroke: var(--soft); stroke-width: 0.7; }
}
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 3px; }
a:hover { text-decoration-color: var(--accent); }
.subtitle { color: var(--soft); overflow-wrap: anywhere; }
.warning { margin: 12px 0 0; padding: 6px 14px; border: 1.5px solid var(--accent); border-radius: 6px;
  color: var(--accent); font-weight: 600; width: fit-content; max-width: 100%; overflow-wrap: anywhere; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr)); }
.tile b { overflow-wrap: anywhere; font-size: 22px; }
section { margin-top: 46px; padding-top: 20px; border-top: 1px solid var(--rule); }
h2 { font-size: 21px; margin-bottom: 8px; overflow-wrap: anywhere; }
h3 { margin: 34px 0 6px; font-size: 16px; overflow-wrap: anywhere; }
section p { overflow-wrap: anywhere; }
.fine { color: var(--soft); font-size: 13.5px; }
.missing { padding: 10px 14px; background: var(--panel); border-left: 3px solid var(--soft);
  border-radius: 0 6px 6px 0; color: var(--soft); overflow-wrap: anywhere; }
.figure { display: grid; grid-template-columns: minmax(0, 580px) minmax(0, 1fr); gap: 8px 34px; margin: 4px 0 0;
  align-items: start; }
.picture { display: block; width: 100%; max-width: 580px; height: auto; font-family: inherit; }
.f-none { fill: none; } .f-paper { fill: var(--paper); } .f-ink { fill: var(--ink); } .f-soft { fill: var(--soft); }
.f-rule { fill: var(--rule); } .f-accent { fill: var(--accent); } .f-c0 { fill: var(--c0); } .f-c1 { fill: var(--c1); }
.f-c2 { fill: var(--c2); } .f-c3 { fill: var(--c3); } .f-c4 { fill: var(--c4); } .f-c5 { fill: var(--c5); }
.f-c6 { fill: var(--c6); } .f-c7 { fill: var(--c7); }
.s-paper { stroke: var(--paper); } .s-ink { stroke: var(--ink); } .s-soft { stroke: var(--soft); }
.s-rule { stroke: var(--rule); } .s-accent { stroke: var(--accent); } .s-c0 { stroke: var(--c0); }
.s-c1 { stroke: var(--c1); } .s-c2 { stroke: var(--c2); } .s-c3 { stroke: var(--c3); } .s-c4 { stroke: var(--c4); }
.s-c5 { stroke: var(--c5); } .s-c6 { stroke: var(--c6); } .s-c7 { stroke: var(--c7); }
.dash { stroke-dasharray: 5 4; } .bold { font-weight: 600; }
.advice { margin: 4px 0 0; padding: 0; font-size: 14px; }
.advice dt { font-weight: 600; margin-top: 10px; } .advice dt:first-child { margin-top: 0; }
.advice dd { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
figcaption { grid-row: 1 / span 2; grid-column: 2; }
details { margin-top: 10px; font-size: 14px; min-width: 0; }
.figure details { grid-column: 1; grid-row: 2; } .figure details[open] { grid-column: 1 / -1; grid-row: 3; }
.frame + p, .scale + p, .figure + p, .player + p { margin-top: 18px; }
summary { cursor: pointer; color: var(--soft); width: fit-content; } summary:hover { color: var(--ink); }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; font-weight: 600; padding: 10px 0 4px; }
th, td { padding: 5px 14px 5px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th:last-child, td:last-child { padding-right: 4px; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; border-bottom: 2px solid var(--rule); }
tbody th { font-weight: 400; }
.words { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 90px; }
tr.best > * { font-weight: 700; } tr.best th:first-child { box-shadow: inset 3px 0 var(--accent); padding-left: 10px; }
tr.heading th { padding-top: 14px; color: var(--soft); font-style: italic; text-align: left; }
.contents td { color: var(--soft); text-align: left; white-space: normal; overflow-wrap: anywhere; }
.contents th { padding-right: 22px; white-space: normal; min-width: 84px; }
.facts { display: grid; grid-template-columns: minmax(0, 170px) minmax(0, 1fr); gap: 4px 18px; margin: 10px 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 8px 0 0; padding: 12px 16px; background: var(--panel); border-radius: 8px; white-space: pre-wrap;
  overflow-wrap: anywhere; font: 12.5px/1.5 ui-monospace, "SFMono-Regular", Menlo, "DejaVu Sans Mono", monospace; }
.player { max-width: 580px; margin-top: 14px; }
.player svg { display: block; width: 100%; background: var(--panel); border-radius: 10px; }
.player circle { transition: cx 0.6s, cy 0.6s; }
.player label { display: flex; align-items: center; gap: 14px; margin-top: 8px; }
.player input { flex: 1 1 auto; min-width: 0; accent-color: var(--accent); height: 28px; }
.player output { flex: 0 0 88px; font-variant-numeric: tabular-nums; font-weight: 600; }
.scale { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: 12px 0 0; font-size: 13px;
  color: var(--soft); }
.scale span.bar { width: 180px; height: 12px; border-radius: 3px; }
.maps { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 14px 26px;
  margin-top: 12px; }
.brain { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 16px; min-width: 0; }
.brain .who { flex: 1 0 100px; font-size: 13px; color: var(--soft); overflow-wrap: anywhere; }
.brain .who b { display: block; font-size: 16px; color: var(--ink); }
.planes { display: flex; gap: 6px; padding: 6px; background: var(--plate); border-radius: 8px; flex: 3 1 270px;
  min-width: 0; }
.planes img { flex: 1 1 0; min-width: 0; width: 100%; image-rendering: pixelated; align-self: center; }
.planes img.sagittal { flex-grow: 1.2; }
@media (prefers-reduced-motion: reduce) { .player circle { transition: none; } }
@media (max-width: 900px) {
  .figure { grid-template-columns: minmax(0, 1fr); } figcaption { grid-column: 1; grid-row: auto; }
  .figure details, .figure details[open] { grid-row: auto; }
}
@media (max-width: 480px) {
  table { font-size: 13px; } th, td { padding-right: 12px; } .frame .words { width: 104px; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; } .facts dd { margin-bottom: 8px; }
}
@page { size: A4; margin: 12mm; }
@media print {
  section { margin-top: 22px; padding-top: 10px; }
  h1 { font-size: 20px; } h2 { font-size: 16px; } h3 { font-size: 12.5px; } .tile b { font-size: 16px; }
  .tiles { grid-template-columns: repeat(4, 1fr); } .tile { padding: 8px 10px; } .tile span { font-size: 10px; }
  .figure { grid-template-columns: minmax(0, 58%) minmax(0, 1fr); gap: 6px 18px; margin-top: 4px; }
  figcaption { grid-column: 2; grid-row: 1; } .fine, .missing { font-size: 9.5px; }
  .maps { grid-template-columns: 1fr 1fr; gap: 8px 16px; }
  .brain { gap: 4px 8px; } .brain .who { font-size: 9px; flex: 1 0 60px; } .brain .who b { font-size: 11px; }
  .figure, tr, .brain, .facts { break-inside: avoid; } h2, h3, caption { break-after: avoid; } h3 { margin-top: 16px; }
  .player, details:not([open]) { display: none; }
  table, .frame table { font-size: 9px; min-width: 0 !important; } th, td { padding: 2px 8px 2px 0; }
  .advice { font-size: 10px; } pre { font-size: 8.5px; }
}
)css";

constexpr const char* report_page_script = R"js(
for (const player of document.querySelectorAll('.player')) {
  const frames = JSON.parse(player.dataset.places), epochs = JSON.parse(player.dataset.epochs);
  const dots = Array.from(player.querySelectorAll('circle'));
  const slider = player.querySelector('input'), output = player.querySelector('output');
  const show = () => {
    const frame = frames[slider.value];
    dots.forEach((dot, k) => {
      dot.style.cx = frame[2 * k] + 'px';
      dot.style.cy = frame[2 * k + 1] + 'px';
    });
    output.textContent = 'epoch ' + epochs[slider.value];
    slider.setAttribute('aria-valuetext', output.textContent);
  };
  slider.addEventListener('input', show);
  show();
}
)js";

}  // namespace cg
