// The script of docs/losses.html: sliders for the options of a loss, and what they do to its force on a pair.

import uPlot from "uplot";
import { losses } from "#nearmiss/losses/catalogue.js";
import { controls, curves, distances, isShown } from "./scene.mjs";

const root = document.documentElement;
const shown = losses.filter(isShown);
const find = (id) => document.getElementById(id);
const state = { factory: shown[0], options: {}, positive: 0.6, negative: 0.9 };
const plots = [];

function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

/** A number of three digits. */
const short = (x) => (x === null || x === undefined ? "" : String(Number(x.toPrecision(3))));

function slider({ name, value, min, max, log }, set) {
  const to = (x) => (log ? Math.log(x) : x);
  const from = (x) => (log ? Math.exp(x) : x);
  const output = element("output", { textContent: short(value) });
  const inputElement = element("input", { type: "range", ariaLabel: name });
  Object.assign(inputElement, { min: to(min), max: to(max), step: (to(max) - to(min)) / 200, value: to(value) });
  inputElement.addEventListener("input", () => {
    const now = Number(from(Number(inputElement.value)).toPrecision(3));
    output.textContent = short(now);
    set(now);
  });
  return element("label", {}, element("span", { textContent: name }), inputElement, output);
}

function choice({ name, value, options }, set) {
  const select = element("select", { ariaLabel: name });
  for (const option of options)
    select.append(element("option", { textContent: String(option), selected: option === value }));
  select.addEventListener("change", () => set(options[select.selectedIndex]));
  return element("label", {}, element("span", { textContent: name }), select, element("output"));
}

function choose(factory) {
  state.factory = factory;
  state.options = {};
  history.replaceState(null, "", `#${factory.name}`);
  const { sliders, choices } = controls(factory);
  const set = (name) => (value) => {
    state.options[name] = value;
    draw();
  };
  find("options").replaceChildren(
    ...sliders.map((one) => slider(one, set(one.name))),
    ...choices.map((one) => choice(one, set(one.name))),
  );
  draw();
}

function draw() {
  const trouble = find("trouble");
  trouble.textContent = "";
  for (const plot of plots.splice(0)) plot.destroy();
  for (const [moving, other] of [
    ["negative", "positive"],
    ["positive", "negative"],
  ]) {
    try {
      const { values, forces } = curves(state.factory, state.options, moving, state[other]);
      plots.push(chart(find(moving), values, forces, state[other]));
    } catch (error) {
      trouble.textContent = error.message;
    }
  }
}

function chart(place, values, forces, mark) {
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--grid"), width: 1 } };
  const upright = (plot) => {
    const x = plot.valToPos(mark, "x", true);
    plot.ctx.save();
    plot.ctx.strokeStyle = colour("--muted");
    plot.ctx.setLineDash([4, 4]);
    plot.ctx.beginPath();
    plot.ctx.moveTo(x, plot.bbox.top);
    plot.ctx.lineTo(x, plot.bbox.top + plot.bbox.height);
    plot.ctx.stroke();
    plot.ctx.restore();
  };
  const options = {
    width: place.clientWidth,
    height: 280,
    cursor: { y: false },
    scales: { x: { time: false, range: [0, 2] } },
    axes: [
      { ...axis, label: "distance to the anchor" },
      { ...axis, size: 60 },
    ],
    series: [
      { label: "distance", value: (_, x) => short(x) },
      { label: "loss", stroke: colour("--c1"), width: 2, value: (_, x) => short(x) },
      { label: "force", stroke: colour("--c2"), width: 2, dash: [6, 4], value: (_, x) => short(x) },
    ],
    hooks: { drawClear: [upright] },
  };
  return new uPlot(options, [distances, values, forces], place);
}

const select = find("loss");
for (const factory of shown) select.append(element("option", { textContent: factory.name }));
select.addEventListener("change", () => choose(shown[select.selectedIndex]));
for (const other of ["positive", "negative"]) {
  const value = state[other];
  find("places").append(
    slider({ name: `distance of the ${other}`, value, min: 0.02, max: 1.98, log: false }, (distance) => {
      state[other] = distance;
      draw();
    }),
  );
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
addEventListener("resize", draw);
const open = () => {
  const found = shown.find((factory) => `#${factory.name}` === location.hash) ?? shown[0];
  select.selectedIndex = shown.indexOf(found);
  choose(found);
};
addEventListener("hashchange", open);
open();
