// SPDX-License-Identifier: Apache-2.0
// The row of the formula, the controls, and playing.
// ---- the row of the formula --------------------------------------------------------------------------------------

function facts(side) {
  const now = scene(side), fact = (name, value) => `<span>${name} <b>${value}</b></span>`;
  return fact("value", text(now.sums.at(-1))) + fact("longest force", text(Math.max(...forces(now).map(length)))) +
    fact("τ", text(data.temperatures[state.temperature] * byName[state[side][0]].temperature)) +
    (now.shift ? fact("m<sub>i</sub>", text(now.shift[state.anchor])) : "") +
    (now.edges ? `<span>NN(i) contains <b>${now.edges.at(-1)}</b> of ${n} dots, including the anchor</span>` : "");
}

const times = (factor) => (factor < 1e5 ? String(factor) : text(factor));

/** What is drawn larger than the common scale. */
function magnifications(side) {
  const words = { pull: ["pulls", "wider"], push: ["pushes", "wider"], force: ["arrows", "longer"] };
  const said = Object.entries(words).filter(([kind]) => scale[side][kind].factor !== 1).map(([kind, [what, how]]) =>
    `${what} are drawn <b>${times(scale[side][kind].factor)} ×</b> ${how}`);
  return said.length > 0 ? `Magnified in this picture: ${said.join("; ")}.` : "Drawn in the common scale of both pictures.";
}

/** How well the embeddings are ordered by age, at the start of the movement and now. */
function outcome(side) {
  const now = scene(side).order, before = scene(side, 0).order, moved = state.mode === "moving" && state.epoch > 0;
  const groups = [["young", now[0], before[0]], ["old", now[1], before[1]], ["all", now[2], before[2]]];
  const said = groups.filter(([, rho]) => !Number.isNaN(rho)).map(([name, rho, start]) =>
    `<span>${name} ${moved ? `${rho0(start)} → ` : ""}<b>${rho0(rho)}</b></span>`);
  return `<span>Order by age ρ${moved ? ` since epoch ${data.epochs[0]}` : ""}:</span> ${said.join(" ")}`;
}

const rho0 = (x) => x.toFixed(2).replace("-", "−");

/** The columns of a panel's table: heading, list, and the kind of its bars. */
function columns(now) {
  return [
    ["distance", now.distance], ["s<sub>it</sub>", now.s], ["w<sub>it</sub>", now.w], ["ν<sub>it</sub>", now.nu],
    ["c<sub>it</sub>", now.c], ["pull a<sub>it</sub>", now.pull, "pull"], ["push p<sub>it</sub>", now.push, "push"],
    ["a [log Σ − s]", now.terms],
  ].filter(([, numbers]) => numbers);
}

function table(side) {
  const now = scene(side), i = state.anchor, cell = (numbers, t) => numbers[i * n + t], shown = columns(now);
  const others = rows.filter((t) => t !== i).sort((a, b) => cell(now.distance, a) - cell(now.distance, b));
  const bar = (kind, numbers, t) => {
    const part = Math.max(0, (cell(numbers, t) * scale[side][kind].pixels) / widest);
    return `<i style="width:${(100 * part).toFixed()}%"></i>`;
  };
  const body = others.map((t) => `<tr class="${now.nu && cell(now.nu, t) === 0 ? "far" : ""}">` +
    `<th scope="row"><span class="swatch" style="background:${colour(t)}"></span>${shortName(t)}</th>` +
    shown.map(([, numbers, kind]) => `<td class="${kind ? "bar " + kind : ""}">${text(cell(numbers, t))}` +
      `${kind ? bar(kind, numbers, t) : ""}</td>`).join("") + "</tr>").join("");
  return `<p class="sign" hidden>↔ This table is wider than its frame: scroll it sideways.</p><div class="scroll" tabindex="0" role="group" aria-label="Table that can be scrolled"><table>` +
    `<caption><span>Anchor i: ${dotName(i)}. The other dots t, the nearest first</span></caption>` +
    `<thead><tr><th scope="col">t${data.views > 1 ? " (view)" : ""}</th>${shown.map(([name]) => `<th scope="col">${name}</th>`).join("")}</tr></thead>` +
    `<tbody>${body}</tbody><tfoot><tr><td colspan="${shown.length - 2}">Σ<sub>t</sub></td>` +
    `<td>${text(now.sums[4 * i])}</td><td></td><td>${text(now.sums[4 * i + 3])}</td></tr></tfoot></table></div>`;
}

/** The anchor's part of the value. */
function filled(side) {
  const [, attraction, repulsion, value] = scene(side).sums.slice(4 * state.anchor, 4 * state.anchor + 4);
  return `<div class="filled">L<sub>i</sub> = <b class="pull">−Σ a s</b> + <b class="push">Σ a log Σ</b> = ` +
    `<b class="pull">${text(attraction)}</b> + <b class="push">${text(repulsion)}</b> = <b>${text(value)}</b></div>`;
}

function formulas(side) {
  const [loss, formulation] = chosen(side), f = loss.formulas[formulation];
  const more = (html) => `<div class="more">${html}</div>`;
  return `<div>${formula(f.value)}</div>` + more(formula(f.pull)) + more(formula(f.similarity)) +
    more(`<b class="pull">pulls</b> ${escaped(f.pulls)}`) + more(`<b class="push">pushes</b> ${escaped(f.pushes)}`);
}

// ---- controls ----------------------------------------------------------------------------------------------------

function build(side) {
  const options = data.losses.map((loss) => `<option value="${loss.name}">${loss.title}</option>`).join("");
  document.getElementById(side).innerHTML =
    `<div class="choices"><select class="loss" aria-label="Loss">${options}</select>` +
    `<select class="formulation" aria-label="Formulation"><option value="printed">as printed</option>` +
    `<option value="published">as in the published code</option></select></div><div class="formula"></div>` +
    `<svg class="plot" viewBox="-185 -183 370 366" role="radiogroup" ` +
    `aria-label="The anchor among the embeddings"></svg>` +
    `<p class="magnified"></p><p class="outcome"></p><div class="facts"></div><div class="row"></div>`;
}

function show() {
  scale = scales();
  for (const side of sides) {
    const panel = document.getElementById(side), [name, formulation] = state[side], loss = byName[name];
    panel.querySelector(".loss").value = name;
    const choice = panel.querySelector(".formulation");
    choice.value = formulation;
    choice.hidden = !loss.two;
    panel.querySelector(".formula").innerHTML = formulas(side);
    panel.querySelector(".facts").innerHTML = facts(side);
    panel.querySelector(".magnified").innerHTML = magnifications(side);
    panel.querySelector(".outcome").innerHTML = outcome(side);
    panel.querySelector(".row").innerHTML = filled(side) + table(side);
    plot(side);
  }
  for (const name of ["geometry", "mode"])
    document.querySelector(`input[name=${name}][value=${state[name]}]`).checked = true;
  const used = (what) => ["left", "right"].some((side) => byName[state[side][0]][what]);
  for (const [name, words] of Object.entries(sliders)) {
    const slider = document.getElementById(name);
    slider.value = state[name];
    slider.setAttribute("aria-valuetext", words(state[name]));
    slider.nextElementSibling.textContent = words(state[name]);
  }
  document.getElementById("epoch").parentElement.classList.toggle("idle", state.mode === "still" && !used("selects"));
  document.getElementById("far_decay").parentElement.classList.toggle("idle", !used("selects"));
  document.getElementById("sigma").parentElement.classList.toggle("idle", !used("weighs"));
  document.getElementById("turn-slider").hidden = state.geometry === "circle";
  document.getElementById("turn").value = state.turn;
  document.querySelector("output[for=turn]").textContent = `${state.turn}°`.replace("-", "−");
  signs();
  clearTimeout(noting);
  noting = setTimeout(note, 200);  // browsers allow only a few changes of the address per second
}

/** A sign at each frame whose content is wider than it. */
function signs() {
  for (const frame of document.querySelectorAll(".scroll"))
    frame.previousElementSibling.hidden = frame.scrollWidth <= frame.clientWidth;
}

let noting = null;

/** Keeps the settings in the address, so that the address can be shared. */
function note() {
  const settings = Object.entries(state).map(([key, value]) => [key, String(value)]);
  history.replaceState(null, "", "#" + new URLSearchParams(settings));
}

/** A text for screen readers. */
function say() {
  const value = (side) => text(scene(side).sums[4 * state.anchor + 3]);
  const said = ["left", "right"].map((side) => `${byName[state[side][0]].title}: row value ${value(side)}`);
  document.getElementById("status").textContent = `Anchor ${dotName(state.anchor)}. ${said.join(". ")}.`;
}

function change(what) {
  Object.assign(state, what);
  show();
}

/** Reads the valid settings in the address after #. */
function read() {
  const words = { geometry: ["circle", "sphere"], mode: ["still", "moving"] };
  const ends = { turn: 180, anchor: n - 1 };
  for (const name of Object.keys(sliders)) ends[name] = data[name + "s"].length - 1;
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    if (words[key]?.includes(value)) state[key] = value;
    if (key in ends && Number.isInteger(Number(value)))
      state[key] = Math.min(Math.max(Number(value), key === "turn" ? -180 : 0), ends[key]);
    const [name, formulation] = value.split(",");
    if ((key === "left" || key === "right") && byName[name]?.formulas[formulation]) state[key] = [name, formulation];
  }
}

// ---- playing -----------------------------------------------------------------------------------------------------

let playing = null;

function stop() {
  cancelAnimationFrame(playing);
  playing = null;
  document.getElementById("play").textContent = "Play";
}

/** Moves the dots from one stop to the next in 0.8 s, on straight paths on the sphere. */
function play() {
  const last = data.epochs.length - 1, still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  change({ mode: "moving", epoch: state.epoch === last ? 0 : state.epoch });
  document.getElementById("play").textContent = "Stop";
  let began = performance.now();
  const frame = (time) => {
    const part = (time - began) / 800;
    if (part >= 1) {
      change({ epoch: state.epoch + 1 });
      if (state.epoch === last) return stop();
      began = time;
    } else if (!still && part > 0.25) {
      const way = (part - 0.25) / 0.75, soft = way * way * (3 - 2 * way);
      for (const side of ["left", "right"]) {
        const from = scene(side, state.epoch).z, to = scene(side, state.epoch + 1).z, z = [];
        for (let t = 0; t < n; ++t) {
          const between = added(scaled(row(from, t), 1 - soft), scaled(row(to, t), soft));
          z.push(...scaled(between, 1 / length(between)));
        }
        plot(side, z);
      }
    }
    playing = requestAnimationFrame(frame);
  };
  playing = requestAnimationFrame(frame);
}

// ---- begin -------------------------------------------------------------------------------------------------------

for (const side of ["left", "right"]) {
  build(side);
  const panel = document.getElementById(side), svg = panel.querySelector(".plot");
  panel.querySelector(".choices").addEventListener("change", () =>
    change({ [side]: [panel.querySelector(".loss").value, panel.querySelector(".formulation").value] }));
  const choose = (t) => {
    stop();
    change({ anchor: t });
    say();
  };
  svg.addEventListener("click", (e) => {
    const dot = e.target.closest(".dot");
    if (dot) choose(Number(dot.dataset.row));
  });
  svg.addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: n - 1, ArrowUp: n - 1 }[e.key];
    if (!step) return;
    e.preventDefault();
    choose((state.anchor + step) % n);
    svg.querySelector(".chosen").focus();
  });
  let grip = null;
  svg.addEventListener("pointerdown", (e) => {
    grip = e.target.closest(".dot") ? null : { x: e.clientX, turn: state.turn };
  });
  svg.addEventListener("pointermove", (e) => {
    if (grip && e.buttons && state.geometry === "sphere")
      change({ turn: ((Math.round(grip.turn + (e.clientX - grip.x) / 2) + 540) % 360) - 180 });
  });
  addEventListener("pointerup", () => { grip = null; });
}
for (const name of Object.keys(sliders)) {
  const slider = document.getElementById(name);
  slider.max = data[name + "s"].length - 1;
  slider.addEventListener("input", () => {
    stop();
    change({ [name]: Number(slider.value) });
  });
}
document.getElementById("turn").addEventListener("input", (e) => change({ turn: Number(e.target.value) }));
document.getElementById("controls").addEventListener("change", (e) => {
  if (e.target.type !== "radio") return;
  stop();
  change({ [e.target.name]: e.target.value });
});
document.getElementById("controls").addEventListener("submit", (e) => e.preventDefault());
document.getElementById("play").addEventListener("click", () => (playing === null ? play() : stop()));
document.getElementById("young").textContent = Math.max(...data.ages.filter((y) => y < data.between_groups));
document.getElementById("ages").textContent = `${youngest} to ${oldest} years`;
addEventListener("resize", signs);
read();
show();
