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

/** The line on the sphere at the distance `edge` from z; for the circle, the disc of that radius. */
function reach(z, edge) {
  if (z.length === 2) return ring(z, [1, 0], [0, 1], edge);
  const depth = 1 - (edge * edge) / 2;
  const first = Math.abs(z[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0];
  const dot = first.reduce((sum, x, k) => sum + x * z[k], 0);
  let u = added(first, scaled(z, -dot));
  u = scaled(u, 1 / length(u));
  const v = [z[1] * u[2] - z[2] * u[1], z[2] * u[0] - z[0] * u[2], z[0] * u[1] - z[1] * u[0]];
  return ring(scaled(z, depth), u, v, Math.sqrt(Math.max(0, 1 - depth * depth)));
}

// ---- the picture -------------------------------------------------------------------------------------------------

/** Lines between the anchor, or its replacement, and the other dots: pulls bend to one side, pushes to the other. */
function links(z, now, kind) {
  const i = state.anchor, of = now[kind].slice(i * n, (i + 1) * n), most = Math.max(...of);
  let out = "";
  of.forEach((strength, t) => {
    if (t === i || !(strength > 0.004 * most)) return;
    const [x0, y0] = at(row(now.q ?? z, i)).map(Number), [x1, y1] = at(row(z, t)).map(Number);
    const bend = kind === "pull" ? 0.14 : -0.14;
    const x = (x0 + x1) / 2 - bend * (y1 - y0), y = (y0 + y1) / 2 + bend * (x1 - x0);
    const wide = (0.8 + 7.2 * (strength / most)).toFixed(1);
    out += `<path class="link ${kind}" d="M${x0} ${y0}Q${x} ${y} ${x1} ${y1}" stroke-width="${wide}"/>`;
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

/** An arrow for the force on each dot; the longest has a length of 0.45 radii. */
function arrows(z, now) {
  const all = forces(now), most = Math.max(...all.map(length));
  return rows.filter((i) => length(all[i]) > 0.03 * most).map((i) => {
    const from = at(row(z, i)).map(Number), to = at(added(row(z, i), scaled(all[i], 0.45 / most))).map(Number);
    const along = [to[0] - from[0], to[1] - from[1]], long = length(along) + 1e-9;
    return arrow(from, scaled(along, 1 / long), radius(i), long);
  }).join("");
}

const radius = (t) => 9 + 6 * oldness(t);

function dot(z, now, t) {
  const [x, y] = at(row(z, t)), behind = projected(row(z, t))[2] < -0.05, chosen = t === state.anchor;
  const nu = now.nu && !chosen ? now.nu[state.anchor * n + t] : 0;
  const kind = `dot${t >= subjects ? " second" : ""}${chosen ? " chosen" : nu > 0 ? " near" : ""}`;
  const label = `${dotName(t)}; its row of the value is ${text(now.sums[4 * t + 3])}`;
  const faint = nu > 0 && nu < 1 ? `stroke-opacity="${(0.15 + 0.7 * nu).toFixed(2)}"` : "";
  return `<g class="${kind}" data-row="${t}" role="radio" tabindex="${chosen ? 0 : -1}" aria-checked="${chosen}" ` +
    `aria-label="${label}" transform="translate(${x} ${y})" opacity="${behind ? 0.5 : 1}">` +
    `<circle class="ring" r="${radius(t) + 3.5}" ${faint}/>` +
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
  const near = region && `<clipPath id="disc-${side}"><circle r="${1.2 * unit}"/></clipPath>` +
    `<path class="reach" clip-path="url(#disc-${side})" d="${region}"/>`;
  const pairs = links(where, now, "pull") + links(where, now, "push");
  const acting = near + pairs + queue(where, now) + arrows(where, now);
  svg.innerHTML = background() + trails(side) + (resting ? acting : "") + dots(where, now);
  if (focused) svg.querySelector(".chosen").focus({ preventScroll: true });
}
