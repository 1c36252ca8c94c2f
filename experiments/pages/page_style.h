// SPDX-License-Identifier: Apache-2.0
// The common style of the pages of cohorts and of memory: colours in light and dark mode, fonts, tiles, legends.
#pragma once

namespace cg {

/// The colours of groups, and behind volumes.
constexpr const char* group_colours = R"css(
:root {
  --c0: #0072b2; --c1: #e69f00; --c2: #009e73; --c3: #cc79a7; --c4: #56b4e9; --c5: #d55e00; --c6: #8a79d6;
  --c7: #8b98a5; --plate: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --c0: #3d9ad6; --c1: #f0b53a; --c2: #2fbf95; --c3: #e09ac2; --c4: #86cbf2; --c5: #f08442; --c6: #a698ec;
    --c7: #738191; --plate: #05080b;
  }
}
)css";

/// Comes before the rules of a page, which add to it. Each page defines its --width and the colours --c0 to --c7
/// (or takes group_colours), and
/// for each frame (markup.h, open_frame) from which width on its sign is not needed.
constexpr const char* page_style = R"css(
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f5f7f9; --ink: #16202b; --soft: #5a6876; --rule: #dde3e9; --accent: #c2185b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f151b; --panel: #182028; --ink: #e7edf3; --soft: #9aa8b6; --rule: #2b3641; --accent: #ff6fa3;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 32px 48px; max-width: var(--width); background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 26px; line-height: 1.25; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 18px; }
section { margin-top: 38px; }
p { margin: 4px 0 12px; max-width: 105ch; }
.soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin-top: 20px; }
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
figure { margin: 8px 0 0; }
.grid { stroke: var(--rule); fill: none; }
.frame { container-type: inline-size; margin-top: 8px; }
.scroll { overflow-x: auto; scrollbar-width: thin; scrollbar-color: var(--soft) var(--rule); }
.sign { margin: 0 0 6px; font-size: 13px; color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (max-width: 720px) { body { padding: 18px 14px 36px; } }
footer { margin-top: 40px; color: var(--soft); font-size: 13px; }
@media print {
  body { padding: 0; max-width: none; font-size: 11px; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .sign { display: none; } .scroll { overflow: visible; }
}
)css";

}  // namespace cg
