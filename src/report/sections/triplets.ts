import { figure, type Series, thin } from "../charts.js";
import { count, decimals } from "../figures.js";
import { type Html, html } from "../html.js";
import type { MetricsLine } from "../records.js";

type Step = Extract<MetricsLine, { kind: "step" }>;

/** What the triplets of every step were like, and whether the embeddings collapsed. Nothing where steps do not tell. */
export function tripletsSection(metrics: readonly MetricsLine[]): Html | null {
  const steps = metrics.filter(
    (line): line is Step => line.kind === "step" && line.telemetry?.["spread"] !== undefined,
  );
  if (steps.length === 0) return null;
  const alarms = metrics.filter((line) => line.kind === "alarm");
  const marks = alarms.length === 0 ? {} : { marks: alarms.map(({ step }) => step) };
  const chart = (
    id: string,
    title: string,
    series: readonly (readonly [string, string, Series["colour"]])[],
    note: string,
  ) => {
    const columns = series.map(([, name]) =>
      thin(steps.map(({ step, telemetry }) => [step, telemetry?.[name] ?? 0] as const)),
    );
    return figure(
      id,
      title,
      {
        kind: "lines",
        x: (columns[0] ?? []).map(([step]) => step),
        xLabel: "step",
        series: series.map(([label, , colour], i) => ({
          label,
          colour,
          values: (columns[i] ?? []).map(([, value]) => value),
        })),
        fromZero: true,
        ...marks,
      },
      note,
    );
  };
  return html`<h2>Triplets</h2>
${alarms.map(({ step, message }) => html`<p class="bad">Step ${count(step)}: ${message}.</p>`)}
<p class="muted">Of the triplets that were selected in each step. At the end: ${ending(steps.at(-1))}.</p>
<div class="charts">${chart(
    "chart-hardness",
    "Hard, semi-hard and easy triplets",
    [
      ["hard", "hardShare", 2],
      ["semi-hard", "semiHardShare", 1],
      ["easy", "easyShare", 3],
    ],
    "Hard: the negative is nearer than the positive. Semi-hard: farther, by less than the margin. Easy ones teach nothing.",
  )}${chart(
    "chart-distances",
    "Mean distances",
    [
      ["to positives", "meanPositiveDistance", 1],
      ["to negatives", "meanNegativeDistance", 2],
    ],
    "In the loss's own distance. Where both go to 0 the embeddings collapse.",
  )}${chart(
    "chart-spread",
    "Spread of the embeddings",
    [["spread", "spread", 1]],
    "0: all point one way. 1: they cancel out.",
  )}</div>`;
}

function ending(last: Step | undefined): string {
  const value = (name: string) => decimals(last?.telemetry?.[name] ?? 0);
  return `active share ${value("activeShare")}, mean margin ${value("meanMargin")}, spread ${value("spread")}`;
}
