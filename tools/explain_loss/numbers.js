// SPDX-License-Identifier: Apache-2.0
// The numbers of the page: finds what the engine computed and writes it as text. The page itself computes no loss.
// Read next: picture.js, page.js.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const n = data.ages.length, subjects = n / data.views, rows = [...Array(n).keys()];
const unit = 150;  // pixels of a radius
const byName = Object.fromEntries(data.losses.map((loss) => [loss.name, loss]));
const state = {
  geometry: "circle", mode: "still", turn: 90, anchor: 2 + n / data.views,
  epoch: 0, far_decay: data.far_decays.length - 1, sigma: 0, temperature: data.temperatures.length - 1,
  left: ["dynlocrep", "published"], right: ["exponential", "published"],
};
const sliders = {
  epoch: (k) => `${data.epochs[k]} of ${data.epochs.at(-1)}`,
  far_decay: (k) => data.far_decays[k],
  sigma: (k) => `${data.sigmas[k]} years`,
  temperature: (k) => `${data.temperatures[k]} ×`,
};

// ---- the numbers -------------------------------------------------------------------------------------------------

const bytes = Uint8Array.from(atob(data.numbers), (c) => c.charCodeAt(0));
const view = new DataView(new ArrayBuffer(8));
const lists = new Map();

/** The list at a position: three bytes per number, the upper bytes of a double. */
function list(place) {
  if (place < 0) return null;
  if (!lists.has(place)) {
    const from = data.starts[place], to = data.starts[place + 1] ?? bytes.length / 3, out = [];
    for (let k = from; k < to; ++k) {
      for (let b = 0; b < 3; ++b) view.setUint8(b, bytes[3 * k + b]);
      out.push(view.getFloat64(0));
    }
    lists.set(place, out);
  }
  return lists.get(place);
}

/** The loss and formulation of a panel; "published" if there is only one formulation. */
function chosen(side) {
  const [name, formulation] = state[side], loss = byName[name];
  return [loss, loss.two ? formulation : "published"];
}

/** All lists of a panel's scene at a stop of the epoch slider, by name. */
function scene(side, stop = state.epoch) {
  const [loss, formulation] = chosen(side);
  const key = [loss.name, formulation, loss.weighs ? state.sigma : 0, state.temperature,
    loss.selects ? state.far_decay : 0].join("/");
  const places = data.scenes[state.geometry][state.mode][key][stop];
  return Object.fromEntries(data.parts.map((part, k) => [part, list(places[k])]));
}

// ---- text --------------------------------------------------------------------------------------------------------

const superscript = (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)];

/** A number with three digits. */
function text(x) {
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size < 0.001 || size >= 1e5) {
    const [digits, power] = x.toExponential(1).split("e");
    return `${digits}·10${[...power.replace("+", "")].map(superscript).join("")}`.replace(/^-/, "−");
  }
  return (size >= 100 ? x.toFixed(0) : x.toPrecision(3)).replace("-", "−");
}

const escaped = (t) => t.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A formula with x_{…}, x_ab and x^{…} as sub- and superscripts, which may be nested. */
function formula(t) {
  let out = "", stack = [];
  for (let k = 0; k < t.length; ++k) {
    const open = t.startsWith("_{", k) ? "sub" : t.startsWith("^{", k) ? "sup" : "";
    if (open) {
      out += `<${open}>`;
      stack.push(`</${open}>`);
      ++k;
    } else if (t[k] === "{") {
      out += "{";
      stack.push("}");
    } else if (t[k] === "}") {
      out += stack.pop();
    } else if (t[k] === "_") {
      const word = t.slice(k + 1).match(/^[a-z]+/)[0];
      out += `<sub>${word}</sub>`;
      k += word.length;
    } else {
      out += escaped(t[k]);
    }
  }
  return out;
}

const age = (t) => data.ages[t];
const dotName = (t) => `${age(t)} years${data.views > 1 ? `, view ${1 + Math.floor(t / subjects)}` : ""}`;
const shortName = (t) => `${age(t)}${data.views > 1 ? ` (${1 + Math.floor(t / subjects)})` : ""}`;
const youngest = Math.min(...data.ages), oldest = Math.max(...data.ages);
const oldness = (t) => (age(t) - youngest) / (oldest - youngest);
const colour = (t) => `color-mix(in oklab, var(--young), var(--old) ${100 * oldness(t)}%)`;
