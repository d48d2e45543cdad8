import { embeddedJson, type Html, html } from "./html.js";

/** One line or row of bars. Null leaves a gap. */
export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Which of the page's colours: 1 blue, 2 orange, 3 grey. */
  readonly colour: 1 | 2 | 3;
  /** Line width in pixels. */
  readonly width?: number;
  readonly dashed?: true;
}

/** A chart that the page draws with uPlot. */
export interface Chart {
  readonly kind: "lines" | "bars";
  readonly x: readonly number[];
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** Where upright marks stand, such as refreshes. */
  readonly marks?: readonly number[];
  readonly fromZero?: true;
}

/** A figure with its title, a sentence under it, and the chart's data. */
export function figure(id: string, title: string, chart: Chart, note: Html | string = ""): Html {
  return html`<figure>
<figcaption>${title}</figcaption>
<div class="chart" data-chart="${id}" role="img" aria-label="${title}"></div>
${embeddedJson(id, chart)}
<p class="note">${note}</p>
</figure>`;
}

/** Shares of the values in equal bins over the range of all of them; x is the middle of a bin. */
export function histogram(
  groups: readonly (readonly number[])[],
  bins = 40,
): { readonly x: readonly number[]; readonly shares: readonly (readonly number[])[] } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const group of groups) {
    for (const value of group) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const width = high > low ? (high - low) / bins : 1;
  const x = Array.from({ length: bins }, (_, i) => low + (i + 0.5) * width);
  const shares = groups.map((group) => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of group) {
      const bin = Math.min(bins - 1, Math.floor((value - low) / width));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return counts.map((n) => n / Math.max(1, group.length));
  });
  return { x, shares };
}

/** Means of equal runs of points, so that a chart draws at most `most` of them; x is the run's last. */
export function thin(
  points: readonly (readonly [number, number])[],
  most = 800,
): readonly (readonly [number, number])[] {
  const size = Math.ceil(points.length / most);
  if (size <= 1) return points;
  const thinned: [number, number][] = [];
  for (let start = 0; start < points.length; start += size) {
    const run = points.slice(start, start + size);
    thinned.push([run.at(-1)?.[0] ?? 0, run.reduce((sum, [, y]) => sum + y, 0) / run.length]);
  }
  return thinned;
}

/** Exponential smoothing from the first value on, over a fiftieth of the values unless `keep` says otherwise. */
export function smooth(
  values: readonly number[],
  keep = Math.exp(-50 / Math.max(1, values.length)),
): readonly number[] {
  let mean = values[0] ?? 0;
  return values.map((value) => {
    mean = keep * mean + (1 - keep) * value;
    return mean;
  });
}
