import { figure, smooth, thin } from "../charts.js";
import { count, measureName } from "../figures.js";
import { type Html, html } from "../html.js";
import type { MetricsLine } from "../records.js";

/** Loss, development measure and learning rate over the steps, with marks where the negatives were refreshed. */
export function trainingSection(metrics: readonly MetricsLine[], main: string): Html {
  const steps = metrics.filter((line) => line.kind === "step");
  const evaluations = metrics.filter((line) => line.kind === "evaluation");
  const refreshes = metrics.filter((line) => line.kind === "refresh").map(({ step }) => step);
  if (steps.length === 0) return html`<h2>Training</h2><p>No training steps are recorded.</p>`;
  const marks = refreshes.length === 0 ? {} : { marks: refreshes };
  const refreshed = refreshes.length === 0 ? "" : " Dashed: the negatives were drawn anew.";
  return html`<h2>Training</h2>
<p class="muted">${count(steps.at(-1)?.step ?? 0)} steps, ${count(refreshes.length)} ${refreshes.length === 1 ? "refresh" : "refreshes"} of the negatives.</p>
<div class="charts">${lossFigure(steps, marks, refreshed)}${evaluationFigure(evaluations, main, marks, refreshed)}${rateFigure(steps)}</div>`;
}

type Step = Extract<MetricsLine, { kind: "step" }>;
type Evaluation = Extract<MetricsLine, { kind: "evaluation" }>;
type Marks = { readonly marks?: readonly number[] };

function lossFigure(steps: readonly Step[], marks: Marks, refreshed: string): Html {
  const points = thin(steps.map(({ step, loss }) => [step, loss] as const));
  const values = points.map(([, loss]) => loss);
  return figure(
    "chart-loss",
    "Training loss",
    {
      kind: "lines",
      x: points.map(([step]) => step),
      xLabel: "step",
      series: [
        { label: "loss", values, colour: 3, width: 1 },
        { label: "smoothed", values: smooth(values), colour: 1 },
      ],
      ...marks,
    },
    `A rise at a refresh means harder negatives, not a worse model.${refreshed}`,
  );
}

function evaluationFigure(evaluations: readonly Evaluation[], main: string, marks: Marks, refreshed: string): Html {
  const measure = evaluations.some(({ measures }) => main in measures)
    ? main
    : (Object.keys(evaluations[0]?.measures ?? {})[0] ?? main);
  const points = evaluations.flatMap(({ step, measures }) => {
    const value = measures[measure];
    return value === undefined ? [] : [[step, value] as const];
  });
  if (points.length === 0)
    return html`<figure><figcaption>Development</figcaption><p>The model was not evaluated during training.</p></figure>`;
  const split = evaluations[0]?.split ?? "dev";
  return figure(
    "chart-evaluation",
    `${measureName(measure)} on ${split}`,
    {
      kind: "lines",
      x: points.map(([step]) => step),
      xLabel: "step",
      series: [{ label: measureName(measure), values: points.map(([, value]) => value), colour: 1 }],
      ...marks,
    },
    `Chooses the best step.${refreshed}`,
  );
}

function rateFigure(steps: readonly Step[]): Html {
  const points = thin(steps.map(({ step, learningRate }) => [step, learningRate] as const));
  return figure("chart-rate", "Learning rate", {
    kind: "lines",
    x: points.map(([step]) => step),
    xLabel: "step",
    series: [{ label: "learning rate", values: points.map(([, rate]) => rate), colour: 1 }],
    fromZero: true,
  });
}
