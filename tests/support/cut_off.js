// SPDX-License-Identifier: Apache-2.0
// Finds what a page cuts off at several widths of its window, in light and in dark mode. It measures the pages as they
// are, with their Content-Security-Policy: each is in a frame of this page, which reads the frame's document.
// `pages`: [{ name, address, states }]. A state is null (the page as it opens) or settings for the page's function change.
"use strict";
const widths = [420, 768, 1100, 1280], schemes = ["light", "dark"];
const tolerance = 1.5;  // pixels: rounding, and the stroke of a shape

const shown = (rect) => rect.width > 1 && rect.height > 1;  // hidden texts for screen readers have one pixel
const scrolls = (style) => /auto|scroll/.test(style.overflowX + style.overflowY);
const clips = (style) => /hidden|clip/.test(style.overflowX);

function named(element) {
  const kind = element.id ? `#${element.id}` : element.classList.length ? `.${[...element.classList].join(".")}` : "";
  const text = (element.textContent || "").trim().slice(0, 30);
  return `${element.localName}${kind} ${JSON.stringify(text)}`;
}

/** The sign that says that a frame scrolls: the visible element before it, of the class "sign". */
function sign(frame) {
  const before = frame.previousElementSibling;
  return before && before.matches(".sign") && shown(before.getBoundingClientRect()) ? before : null;
}

/** All that is cut off in a window, as texts. */
function cutOff(view) {
  const found = [], { document } = view, root = document.documentElement;
  const styles = new Map();
  const style = (element) => styles.get(element) ?? styles.set(element, view.getComputedStyle(element)).get(element);
  if (root.scrollWidth > view.innerWidth + 0.5) found.push(`the page is ${root.scrollWidth} wide`);
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("defs, title, script, style, select")) continue;
    const rect = element.getBoundingClientRect(), own = style(element), html = element instanceof view.HTMLElement;
    if (!shown(rect) || own.visibility === "hidden") continue;
    if (html && scrolls(own)) {
      const needed = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
      if (needed && !sign(element)) found.push(`${named(element)} scrolls without a sign`);
      if (!needed && sign(element)) found.push(`${named(element)} has a sign, and does not scroll`);
    } else if (html && element.clientWidth > 0 && !element.matches("input, button")) {
      if (element.scrollWidth > element.clientWidth + 1)
        found.push(`${named(element)} is ${element.clientWidth} wide, and its content ${element.scrollWidth}`);
      if (clips(own) && element.scrollHeight > element.clientHeight + 1)
        found.push(`${named(element)} is ${element.clientHeight} high, and its content ${element.scrollHeight}`);
    }
    if (own.position === "fixed" || (own.position === "sticky" && own.bottom !== "auto"))
      found.push(`${named(element)} covers what is above it`);
    const outside = (frame) => rect.left < frame.left - tolerance || rect.right > frame.right + tolerance;
    let inside = element.parentElement;
    for (; inside && !scrolls(style(inside)); inside = inside.parentElement) {
      const frame = inside.getBoundingClientRect(), picture = inside.localName === "svg";
      const beyond = rect.top < frame.top - tolerance || rect.bottom > frame.bottom + tolerance;
      if ((picture || clips(style(inside))) && (outside(frame) || (picture && beyond))) {
        found.push(`${named(element)} is cut off by ${named(inside)}`);
        break;
      }
    }
    if (!inside && outside({ left: 0, right: view.innerWidth })) found.push(`${named(element)} leaves the window`);
  }
  return found;
}

/** Opens the page in a frame of this width and mode and measures all of its states. */
async function measure(page, width, scheme, found) {
  const where = `${page.name} at ${width} px, ${scheme}`, frame = document.createElement("iframe");
  frame.style.border = "0";
  frame.style.colorScheme = scheme;
  Object.assign(frame, { width, height: 900, src: page.address });
  const loaded = new Promise((done) => { frame.onload = done; });
  document.body.append(frame);
  await loaded;
  const view = frame.contentWindow;
  if (view.innerWidth !== width) found.push(`${where}: the window is ${view.innerWidth} wide`);
  if (!view.matchMedia(`(prefers-color-scheme: ${scheme})`).matches) found.push(`${where}: the mode is another`);
  for (const state of page.states) {
    if (state) view.change(state);
    for (const text of cutOff(view)) found.push(`${where}${state ? `, ${JSON.stringify(state)}` : ""}: ${text}`);
  }
  frame.remove();
}

(async () => {
  const found = [];
  for (const page of pages)
    for (const scheme of schemes)
      for (const width of widths)
        await measure(page, width, scheme, found).catch((error) => found.push(`${page.name}: ${error}`));
  document.getElementById("found").textContent = JSON.stringify(found);
})();
