// SPDX-License-Identifier: Apache-2.0
// The style of memory_page.h, in addition to page_style.h, and its script. The script avoids the "less than" sign by
// exchanging both sides of a comparison, so that the page stays well-formed XML.
#pragma once

namespace cg {

constexpr const char* memory_page_style = R"css(
:root {
  --width: 1400px;
  --c0: #9fb0c0; --c1: #f0a04b; --c2: #5aa9e6; --c3: #4fc3a1; --c4: #e889b5; --c5: #a98ee8; --c6: #d8c24a;
  --c7: #ee7766;
  --w0: #34495e; --w1: #5b7690; --w2: #8ba3b9; --w3: #bccad6; --w4: #c2185b; --w5: #e889ab; --w6: #e3e8ed;
  --on-colour: #10181f; --veil: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --w0: #d5e0ea; --w1: #a3b6c8; --w2: #748aa0; --w3: #4b6075; --w4: #ff6fa3; --w5: #a8446c; --w6: #2b3641;
    --veil: #0f151b;
  }
}
.step { margin: 6px 0 22px; max-width: none; color: var(--soft); overflow-wrap: anywhere; }
.step b { color: var(--ink); font-weight: 600; }
.whole { display: flex; height: 30px; margin: 18px 0 8px; gap: 2px; border-radius: 6px; overflow: hidden; }
.whole span { min-width: 1px; }
.legend svg { width: 18px; height: 12px; margin-right: 7px; vertical-align: -1px; border-radius: 3px; }
.legend b { font-weight: 600; font-variant-numeric: tabular-nums; }
.w0 { background: var(--w0); } .w1 { background: var(--w1); } .w2 { background: var(--w2); }
.w3 { background: var(--w3); } .w4 { background: var(--w4); } .w5 { background: var(--w5); }
  .w6 { background: var(--w6); }
.gradient.c0 { fill: url(#stripes-c0); } .gradient.c1 { fill: url(#stripes-c1); }
.gradient.c2 { fill: url(#stripes-c2); } .gradient.c3 { fill: url(#stripes-c3); }
.gradient.c4 { fill: url(#stripes-c4); } .gradient.c5 { fill: url(#stripes-c5); }
.gradient.c6 { fill: url(#stripes-c6); } .gradient.c7 { fill: url(#stripes-c7); }
.workspace.c0 { fill: url(#dots-c0); } .workspace.c1 { fill: url(#dots-c1); }
.workspace.c2 { fill: url(#dots-c2); } .workspace.c3 { fill: url(#dots-c3); }
.workspace.c4 { fill: url(#dots-c4); } .workspace.c5 { fill: url(#dots-c5); }
.workspace.c6 { fill: url(#dots-c6); } .workspace.c7 { fill: url(#dots-c7); }
.timeline { display: block; width: 100%; min-width: 980px; font-size: 11px; }
.timeline text { fill: var(--soft); }
.phase { fill: var(--panel); }
.timeline .phase-name { text-anchor: middle; font-size: 13px; font-weight: 600; fill: var(--ink); }
.tick { text-anchor: end; font-variant-numeric: tabular-nums; }
.axis { text-anchor: middle; font-size: 12px; }
.area { opacity: 0.92; }
.band.loss { fill: var(--soft); }
.timeline .band-name { text-anchor: middle; fill: var(--on-colour); font-weight: 600; font-size: 11.5px; }
.node { text-anchor: end; font-size: 10.5px; }
.timeline .node.at-peak { fill: var(--accent); font-weight: 700; }
.peak { fill: var(--accent); opacity: 0.22; }
.peak-line { stroke: var(--accent); stroke-dasharray: 3 3; pointer-events: none; }
.peak-dot { fill: var(--accent); stroke: var(--paper); stroke-width: 1.5; }
.timeline .peak-name { fill: var(--accent); font-size: 13px; font-weight: 600; paint-order: stroke;
  stroke: var(--panel);
  stroke-width: 4px; }
.peak-name.flip { text-anchor: end; }
.veil { fill: var(--veil); opacity: 0.5; }
.buffer rect { stroke: var(--paper); stroke-width: 0.8; }
.buffer .passing { fill-opacity: 0.55; }
.timeline .inside { fill: var(--on-colour); pointer-events: none; font-size: 10.8px; }
.buffer { cursor: pointer; outline: none; }
.buffer:hover rect, .buffer:focus rect { stroke: var(--ink); stroke-width: 2; fill-opacity: 1; }
.picked .buffer:not(.on) { opacity: 0.16; }
.detail { margin: 8px 0 0; padding: 9px 14px; min-height: 40px; max-width: none;
  background: var(--panel); border-left: 3px solid var(--accent); border-radius: 0 6px 6px 0; }
.detail.shown { position: sticky; bottom: 0; pointer-events: none; }
kbd { padding: 0 5px; border: 1px solid var(--rule); border-radius: 4px; background: var(--paper); font: inherit;
  font-size: 13px; }
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 12px 3px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
thead th { color: var(--soft); font-weight: 600; border-bottom: 2px solid var(--rule); vertical-align: bottom; }
th:first-child, .words { text-align: left; } tbody th { font-weight: 400; }
tfoot th, tfoot td { font-weight: 700; border-bottom: none; border-top: 2px solid var(--rule); }
td:last-child { width: 30%; padding-right: 0; }
.bar { display: flex; margin-left: 10px; height: 14px; min-width: 150px; border-radius: 3px; overflow: hidden; }
.kept-part { opacity: 0.66; } .passing-part { opacity: 0.33; }
.frame th:first-child { position: sticky; left: 0; background: var(--paper); }
.layers table { min-width: 860px; } .holders table { min-width: 660px; }
@container (min-width: 980px) { .over-time .sign { display: none; } }
@container (min-width: 860px) { .layers .sign { display: none; } }
@container (min-width: 660px) { .holders .sign { display: none; } }
tbody tr:hover, tr.on { background: var(--panel); }
tbody th i { display: inline-block; width: 10px; height: 10px; margin-right: 8px; border-radius: 2px; }
@page { size: A4 landscape; margin: 10mm; }
@media print {
  .detail, .screen { display: none; }
  table { font-size: 10px; } th, td { padding: 1px 10px 1px 0; } .bar { height: 9px; }
  tfoot { display: table-row-group; }
  .timeline, .frame table { min-width: 0; } figure, tr { break-inside: avoid; } h2 { break-after: avoid; }
}
)css";

constexpr const char* memory_page_script = R"js(
const chart = document.getElementById('timeline'), detail = document.getElementById('detail');
const buffers = Array.from(chart.querySelectorAll('.buffer')), hint = detail.innerHTML;
let current = 0, picked = null;
const words = (buffer) => buffer.querySelector('title').textContent;
function show(buffer) {
  detail.classList.toggle('shown', Boolean(buffer));
  if (buffer) detail.textContent = words(buffer); else detail.innerHTML = hint;
}
function focused() {
  return document.activeElement ? document.activeElement.closest('.buffer') : null;
}
function mark(layer) {
  document.body.classList.toggle('picked', layer !== null);
  for (const part of document.querySelectorAll('[data-layer]'))
    part.classList.toggle('on', part.dataset.layer === layer);
}
function pick(layer) {
  picked = layer === picked ? null : layer;
  mark(picked);
}
function go(to) {
  buffers[current].tabIndex = -1;
  current = Math.min(Math.max(to, 0), buffers.length - 1);
  buffers[current].tabIndex = 0;
  buffers[current].focus();
  show(buffers[current]);
}
// The nearest buffer above (sign 1) or below (sign -1) that is alive at the same time.
function beside(sign) {
  const place = (k) => buffers[k].querySelector('rect').getBBox(), here = place(current);
  let best = current, distance = Infinity;
  buffers.forEach((buffer, k) => {
    const there = place(k), together = Math.min(here.x + here.width, there.x + there.width) - Math.max(here.x, there.x);
    const away = sign * (here.y - there.y);
    if (together > 1) if (away > 0.1) if (distance > away) { best = k; distance = away; }
  });
  return best;
}
const keys = { ArrowRight: () => current + 1, ArrowLeft: () => current - 1, ArrowUp: () => beside(1),
  ArrowDown: () => beside(-1), Home: () => 0, End: () => buffers.length - 1 };
if (buffers.length) buffers[0].tabIndex = 0;
chart.addEventListener('pointerover', (event) => show(event.target.closest('.buffer') || focused()));
chart.addEventListener('pointerleave', () => show(focused()));
chart.addEventListener('focusin', (event) => { current = buffers.indexOf(event.target); show(event.target); });
chart.addEventListener('focusout', () => show(null));
chart.addEventListener('click', (event) => {
  const buffer = event.target.closest('.buffer');
  if (!buffer) return pick(picked);
  go(buffers.indexOf(buffer));
  pick(buffer.dataset.layer);
});
chart.addEventListener('keydown', (event) => {
  if (event.key in keys) { event.preventDefault(); go(keys[event.key]()); }
  if (event.key === 'Enter') pick(buffers[current].dataset.layer);
});
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') pick(picked); });
for (const row of document.querySelectorAll('tr[data-layer]')) {
  row.addEventListener('pointerenter', () => mark(row.dataset.layer));
  row.addEventListener('pointerleave', () => mark(picked));
}
)js";

}  // namespace cg
