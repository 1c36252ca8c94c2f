// SPDX-License-Identifier: Apache-2.0
// The picture: projects, scales and draws the numbers. Read next: page.js.
// ---- geometry of the picture -------------------------------------------------------------------------------------

/** A vector of the embedding as [x, y, depth], y downwards; depth > 0 is in front. */
function projected(v) {
  if (v.length === 2) return [v[0], -v[1], 1];
  const a = (state.turn * Math.PI) / 180, tilt = 0.35;
  const x = v[0] * Math.cos(a) + v[1] * Math.sin(a), back = -v[0] * Math.sin(a) + v[1] * Math.cos(a);
  return [x, -(v[2] * Math.cos(tilt) + back * Math.sin(tilt)), v[2] * Math.sin(tilt) - back * Math.cos(tilt)];
}

const width = () => (state.geometry === "circle" ? 2 : 3);
const row = (numbers, i) => numbers.slice(i * width(), (i + 1) * width());
const at = (v) => projected(v).slice(0, 2).map((x) => (unit * x).toFixed(1));
const scaled = (v, by) => v.map((x) => x * by);
const added = (v, u) => v.map((x, k) => x + u[k]);
const length = (v) => Math.hypot(...v);

/** The points of a circle about `centre` in the plane of two unit vectors. */
function ring(centre, u, v, radius) {
  const points = [];
  for (let k = 0; k < 72; ++k) {
    const a = (k * Math.PI) / 36;
    points.push(at(added(centre, added(scaled(u, radius * Math.cos(a)), scaled(v, radius * Math.sin(a))))).join(" "));
  }
  return `M${points.join("L")}Z`;
}

/** The points at most `edge` from z: the line around them on the sphere, a band along the circle. */
function reach(z, edge) {
  if (z.length === 2) return band(Math.atan2(z[1], z[0]), 2 * Math.asin(Math.min(1, edge / 2)));
  const depth = 1 - (edge * edge) / 2;
  const first = Math.abs(z[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0];
  const dot = first.reduce((sum, x, k) => sum + x * z[k], 0);
  let u = added(first, scaled(z, -dot));
  u = scaled(u, 1 / length(u));
  const v = [z[1] * u[2] - z[2] * u[1], z[2] * u[0] - z[0] * u[2], z[0] * u[1] - z[1] * u[0]];
  return ring(scaled(z, depth), u, v, Math.sqrt(Math.max(0, 1 - depth * depth)));
}

/** A band along the circle, up to `half` to both sides of the direction `middle` (radians). */
function band(middle, half) {
  const edge = (radius, from, to) => [...Array(49).keys()].map((k) => {
    const a = from + ((to - from) * k) / 48;
    return at([radius * Math.cos(a), radius * Math.sin(a)]).join(" ");
  }).join("L");
  const out = 1.13, inside = 0.87, from = middle - half, to = middle + half;
  return half < Math.PI - 0.01 ? `M${edge(out, from, to)}L${edge(inside, to, from)}Z`
    : `M${edge(out, from, to)}ZM${edge(inside, to, from)}Z`;
}

// ---- one scale for both panels -----------------------------------------------------------------------------------

const sides = ["left", "right"], kinds = ["pull", "push"];

/** 1, or, of what would vanish beside `most`, the round factor that makes it almost as large. */
function enlarged(own, most) {
  if (!(own > 0) || own >= most / 8) return 1;
  const power = 10 ** Math.floor(Math.log10(most / own));
  return power * [5, 2, 1].find((f) => f * power <= most / own);
}

/** What both panels are magnified by, given the largest of each: the same for both, unless one of them would vanish. */
function magnified(largest, most) {
  const common = enlarged(Math.max(...largest), most);
  return largest.map((own) => (own * common < most / 20 ? enlarged(own, most) : common));
}

/**
 * Pixels per unit of pull, push and force in each panel, and what they are magnified by. One scale holds for both kinds,
 * both panels and all stops of the epoch slider, so that these can be compared with each other.
 */
function scales() {
  const largest = (side, of) => Math.max(...data.epochs.map((_, stop) => Math.max(...of(scene(side, stop)))));
  const ofAnchor = (list) => list.slice(state.anchor * n, (state.anchor + 1) * n);
  const strengths = kinds.map((kind) => sides.map((side) => largest(side, (now) => ofAnchor(now[kind]))));
  const pushed = sides.map((side) => largest(side, (now) => forces(now).map(length)));
  const most = Math.max(...strengths.flat()), longest = Math.max(...pushed);
  const out = { left: {}, right: {} };
  const set = (kind, factors, pixels) =>
    sides.forEach((side, k) => { out[side][kind] = { factor: factors[k], pixels: factors[k] * pixels }; });
  kinds.forEach((kind, k) => set(kind, magnified(strengths[k], most), most > 0 ? widest / most : 0));
  set("force", magnified(pushed, longest), longest > 0 ? 0.45 / longest : 0);
  return out;
}

const widest = 12;  // pixels of a line
let scale = null;  // of what is shown: scales()

// ---- the picture -------------------------------------------------------------------------------------------------

/** Lines between the anchor, or its replacement, and the other dots: pulls bend to one side, pushes to the other. */
function links(side, z, now, kind) {
  const i = state.anchor, of = now[kind].slice(i * n, (i + 1) * n);
  let out = "";
  of.forEach((strength, t) => {
    const wide = strength * scale[side][kind].pixels;
    if (t === i || !(wide > 0.15)) return;
    const [x0, y0] = at(row(now.q ?? z, i)).map(Number), [x1, y1] = at(row(z, t)).map(Number);
    const bend = kind === "pull" ? 0.14 : -0.14, inwards = state.geometry === "circle" ? 0.6 : 1;
    const x = (inwards * (x0 + x1)) / 2 - bend * (y1 - y0), y = (inwards * (y0 + y1)) / 2 + bend * (x1 - x0);
    out += `<path class="link ${kind}" d="M${x0} ${y0}Q${x} ${y} ${x1} ${y1}" stroke-width="${wide.toFixed(2)}"/>`;
  });
  return out;
}

/** An arrow of `long` pixels in the direction [dx, dy], from the edge of a dot at [x, y]. */
function arrow([x, y], [dx, dy], edge, long) {
  const head = Math.min(9, long), end = edge + long;
  const point = (along, aside) =>
    [x + dx * along - dy * aside, y + dy * along + dx * aside].map((v) => v.toFixed(1)).join(" ");
  return `<path class="force" stroke-width="2.4" d="M${point(edge, 0)}L${point(end - head, 0)}"/>` +
    `<path class="head" d="M${point(end, 0)}L${point(end - head, head / 2)}L${point(end - head, -head / 2)}Z"/>`;
}

const forces = (now) => rows.map((i) => row(now.forces, i));

/** An arrow for the force on each dot; the longest of all epochs and both panels has a length of 0.45 radii. */
function arrows(side, z, now) {
  const all = forces(now), radii = scale[side].force.pixels;
  return rows.filter((i) => length(all[i]) * radii > 0.012).map((i) => {
    const from = at(row(z, i)).map(Number), to = at(added(row(z, i), scaled(all[i], radii))).map(Number);
    const along = [to[0] - from[0], to[1] - from[1]], long = length(along) + 1e-9;
    return arrow(from, scaled(along, 1 / long), radius(i), long);
  }).join("");
}

const radius = (t) => 8 + 4 * oldness(t);

function dot(z, now, t) {
  const [x, y] = at(row(z, t)), behind = projected(row(z, t))[2] < -0.05, chosen = t === state.anchor;
  const nu = now.nu && !chosen ? now.nu[state.anchor * n + t] : 0;
  const kind = `dot${t >= subjects ? " second" : ""}${chosen ? " chosen" : nu > 0 ? " near" : ""}`;
  const label = `${dotName(t)}; its row of the value is ${text(now.sums[4 * t + 3])}`;
  const faint = nu > 0 && nu < 1 ? `stroke-opacity="${(0.15 + 0.7 * nu).toFixed(2)}"` : "";
  return `<g class="${kind}" data-row="${t}" role="radio" tabindex="${chosen ? 0 : -1}" aria-checked="${chosen}" ` +
    `aria-label="${label}" transform="translate(${x} ${y})" opacity="${behind ? 0.5 : 1}">` +
    `<circle class="ring" r="${radius(t) + 2.5}" ${faint}/>` +
    `<circle class="body" r="${radius(t)}" style="fill:${colour(t)}"/><text>${age(t)}</text></g>`;
}

/** All dots, those in front last, and the anchor on top. */
function dots(z, now) {
  const depth = rows.map((t) => (t === state.anchor ? 2 : projected(row(z, t))[2]));
  return [...rows].sort((a, b) => depth[a] - depth[b]).map((t) => dot(z, now, t)).join("");
}

function background() {
  const globe = `<circle class="globe" r="${unit}"/>`;
  if (state.geometry === "circle") return globe;
  const meridians = [0, 1, 2, 3].map((k) => [Math.cos((k * Math.PI) / 4), Math.sin((k * Math.PI) / 4), 0]);
  const lines = meridians.map((u) => ring([0, 0, 0], u, [0, 0, 1], 1));
  for (const h of [-0.5, 0, 0.5]) lines.push(ring([0, 0, h], [1, 0, 0], [0, 1, 0], Math.sqrt(1 - h * h)));
  return globe + lines.map((d) => `<path class="grid" d="${d}"/>`).join("");
}

/** The path of each dot so far. */
function trails(side) {
  if (state.mode === "still") return "";
  const ways = rows.map(() => []);
  for (let stop = 0; stop <= state.epoch; ++stop) {
    const z = scene(side, stop).z;
    ways.forEach((way, t) => way.push(at(row(z, t)).join(" ")));
  }
  return ways.map((way, t) => `<path class="trail" style="stroke:${colour(t)}" d="M${way.join("L")}"/>`).join("");
}

/** The queue of earlier embeddings, and the one that replaces the anchor. */
function queue(z, now) {
  if (!now.queue) return "";
  const standIn = row(now.q, state.anchor).join();
  const ends = [z, now.q].map((of) => at(row(of, state.anchor)).join(" "));
  let out = `<path class="stand-in" d="M${ends.join("L")}"/>`;
  for (let q = 0; q * width() < now.queue.length; ++q) {
    const of = row(now.queue, q), [x, y] = at(of).map(Number);
    out += `<path class="queue${of.join() === standIn ? " chosen" : ""}" d="M${x} ${y - 6}l6 6l-6 6l-6 -6Z"/>`;
  }
  return out;
}

/** Draws a panel's plot. If `z` is between two stops, pulls and pushes are not shown. */
function plot(side, z = null) {
  const now = scene(side), resting = z === null, where = z ?? now.z, svg = document.querySelector(`#${side} .plot`);
  const focused = svg.contains(document.activeElement);
  svg.classList.toggle("sphere", state.geometry === "sphere");
  const region = now.edges ? reach(row(where, state.anchor), now.edges[state.anchor]) : "";
  const near = region && `<path class="reach" d="${region}"/>`;
  const pairs = kinds.map((kind) => links(side, where, now, kind)).join("");
  const acting = near + pairs + queue(where, now) + arrows(side, where, now);
  svg.innerHTML = background() + trails(side) + (resting ? acting : "") + dots(where, now);
  if (focused) svg.querySelector(".chosen").focus({ preventScroll: true });
}
