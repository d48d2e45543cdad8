/** The page's own script: draws each chart with uPlot in the page's colours, again when the theme or the width changes. */
export const client = `
"use strict";
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const charts = [];

function colour(name, alpha) {
  const hex = getComputedStyle(root).getPropertyValue(name).trim();
  return alpha === undefined ? hex : hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
}

function short(value) {
  if (value === null || value === undefined) return "";
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1000 || Number.isInteger(value) ? value.toLocaleString("en-US") : size < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

function marksPlugin(marks) {
  return { hooks: { drawClear: (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour("--c3", 0.8);
    ctx.setLineDash([4, 4]);
    for (const mark of marks) {
      const x = plot.valToPos(mark, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  } } };
}

function draw(place, chart) {
  const bars = chart.kind === "bars";
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid"), width: 1 }, font: "12px system-ui, sans-serif" };
  const half = bars && chart.x.length > 1 ? (chart.x[1] - chart.x[0]) / 2 : 0;
  const series = chart.series.map((one) => ({
    label: one.label,
    stroke: colour("--c" + one.colour, bars ? 0.9 : undefined),
    width: one.width ?? (bars ? 1 : 2),
    dash: one.dashed ? [6, 5] : undefined,
    fill: bars ? colour("--c" + one.colour, 0.42) : undefined,
    paths: bars ? uPlot.paths.bars({ size: [1], gap: 0 }) : undefined,
    points: { show: !bars && chart.x.length < 40 && !one.dashed, size: 5 },
    spanGaps: true,
    value: (_plot, value) => short(value),
  }));
  return new uPlot({
    width: place.clientWidth,
    height: 230,
    cursor: { y: false },
    scales: {
      x: { time: false, range: (_plot, low, high) => [low - half, high === low ? high + 1 : high + half] },
      y: chart.fromZero ? { range: (_plot, _low, high) => [0, high > 0 ? high * 1.06 : 1] } : {},
    },
    axes: [
      { ...axis, values: (_plot, values) => values.map(short), label: chart.xLabel, labelSize: 20, labelFont: "12px system-ui, sans-serif", size: 34 },
      { ...axis, values: (_plot, values) => values.map(short), size: 58 },
    ],
    series: [{ label: chart.xLabel, value: (_plot, value) => short(value) }, ...series],
    plugins: chart.marks ? [marksPlugin(chart.marks)] : [],
  }, [chart.x, ...chart.series.map((one) => one.values)], place);
}

function drawAll() {
  for (const entry of charts) {
    if (entry.plot) entry.plot.destroy();
    entry.plot = draw(entry.place, entry.chart);
  }
}

function setTheme(theme) {
  root.dataset.theme = theme;
  document.getElementById("theme").textContent = theme === "dark" ? "Light" : "Dark";
  drawAll();
}

for (const place of document.querySelectorAll("[data-chart]")) {
  charts.push({ place, chart: JSON.parse(document.getElementById(place.dataset.chart).textContent) });
}
setTheme(system.matches ? "dark" : "light");
system.addEventListener("change", () => setTheme(system.matches ? "dark" : "light"));
document.getElementById("theme").addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
const watcher = new ResizeObserver(() => {
  for (const { place, plot } of charts) if (plot && place.clientWidth > 0 && plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: 230 });
});
for (const { place } of charts) watcher.observe(place);
`;
