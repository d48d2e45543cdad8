// Values and gradient norms that pytorch-metric-learning 2.9.0 (torch 2.13, float64) gave once on one small example, for losses without a file of
// reference values: rows E[i][j] = sin(0.7 (4i + j + 1)) (1 + 0.1 i), weights W[c][j] = cos(0.3 (4c + j + 1)).
import { expect, test } from "vitest";
import { example, range } from "../miners/batch.js";
import { lossAndGradients, norm } from "./labelled.js";

const rows = (n: number) => range(n).map((i) => range(4).map((j) => Math.sin(0.7 * (4 * i + j + 1)) * (1 + 0.1 * i)));
const weights = (n: number) => range(n).map((c) => range(4).map((j) => Math.cos(0.3 * (4 * c + j + 1))));
const classes = [0, 0, 0, 1, 1, 2, 2, 3];
const given = { example: example(rows(8), classes.map(String)), classes };

test.each([
  ["supcon", { temperature: 0.1 }, 15.04960972, 1.53960408],
  ["supcon", { temperature: 0.5 }, 3.78513353, 0.26508306],
  ["batch-all-triplet", { margin: 0.05, normalize: true }, 0.66389895, 0.0729172],
  ["batch-all-triplet", { margin: 0.2, normalize: true }, 0.78348808, 0.08714285],
  ["batch-all-triplet", { margin: 0.2, normalize: true, reduction: "mean" }, 0.66741577, 0.0742328],
  ["batch-all-triplet", { margin: 0.2, normalize: true, metric: "l2-squared" }, 1.95624111, 0.24736521],
  ["multi-similarity", {}, 1.59748274, 0.18077722],
  ["circle", {}, 323.04409715, 24.06183651],
  ["circle", { m: 0.25, gamma: 256 }, 1083.33294853, 68.91949616],
  ["lifted-structure", {}, 7.45393088, 0.65319469],
  ["tuplet-margin", {}, 85.86120662, 10.46056283],
  ["fastap", {}, 0.77709096, 0.2352661],
  ["nca", {}, 3.17095682, 0.33407256],
  ["histogram", { bins: 25 }, 0.79996425, 0.25374879],
  ["ranked-list", {}, 0.76570824, 0.12520342],
  ["ranked-list", { positiveTemperature: 3, imbalance: 0.3 }, 0.86904448, 0.07647618],
  ["signal-to-noise-contrastive", {}, 4.15169784, 1.79022696],
  ["intra-pair-variance", {}, 0.2741171, 0.04933387],
  ["threshold-consistent-margin", {}, 1.74327828, 0.19123737],
] as const)("%s %o", (name, options, loss, gradient) => {
  const found = lossAndGradients(name, options, given);
  // The peer adds 1e-5 to each weight of the ranked list.
  expectClose(found.loss, loss, name === "ranked-list" ? 1e-4 : 1e-7);
  expectClose(norm(found.gradients.get("embeddings") ?? []), gradient, name === "ranked-list" ? 1e-4 : 1e-6);
});

test.each([
  ["arcface", "weights", {}, 4, 60.94125784, 4.23249937, null],
  ["cosface", "weights", {}, 4, 62.71925718, 6.05299168, null],
  ["normalized-softmax", "weights", {}, 4, 15.09381242, 1.64124681, null],
  ["proxy-nca", "proxies", { scale: 1 }, 4, 1.95418332, 0.1533413, null],
  ["proxy-anchor", "proxies", {}, 4, 55.87696168, 5.97121227, null],
  ["sphereface", "weights", {}, 4, 7.3815769175, 1.7876377954, 1.6294216889],
  ["sphereface", "weights", { margin: 3, scale: 2 }, 4, 10.3053536335, 2.7416362603, 2.453521665],
  ["large-margin-softmax", "weights", {}, 4, 9.1197839639, 2.3220919335, 3.7881448137],
  ["soft-triple", "centers", { centers: 2 }, 8, 7.9528598005, 3.8523710665, 4.1334161632],
  ["sub-centre-arcface", "weights", { centres: 2 }, 8, 51.9569289082, 13.5283543409, 18.0635396216],
  ["p2s-grad", "weights", {}, 4, 0.6998224816, 0.0903840256, null],
] as const)("%s with %s %o", (name, parameter, options, count, loss, gradient, ofWeights) => {
  const found = lossAndGradients(name, options, { ...given, parameters: { [parameter]: weights(count) } });
  expectClose(found.loss, loss, 1e-7);
  expectClose(norm(found.gradients.get("embeddings") ?? []), gradient, 1e-6);
  if (ofWeights !== null) expectClose(norm(found.gradients.get(parameter) ?? []), ofWeights, 1e-6);
});

// The peer ranks an anchor among its own positives, and mixes rows up unless there are as many classes as rows of one. An anchor's copy in
// the memory, under another id, makes the same of ours.
test.each([
  [0.01, 0.3312336758],
  [0.1, 0.3770254593],
])("smooth-ap with temperature %d, the anchor among its positives", (temperature, loss) => {
  const labels = ["0", "0", "0", "1", "1", "1", "2", "2", "2"];
  const all = rows(9);
  const losses = all.map((row, i) => {
    const others = all.map((_, j) => j).filter((j) => j !== i);
    const only = {
      rows: [row],
      items: [{ id: "anchor", labels: [labels[i] as string] }],
      memory: [...others.map((j) => all[j] as number[]), row],
      memoryItems: [...others, i].map((j) => ({ id: `m${j}`, labels: [labels[j] as string] })),
    };
    return lossAndGradients("smooth-ap", { temperature }, { example: only }).loss;
  });
  expectClose(losses.reduce((a, b) => a + b) / losses.length, loss, 1e-7);
});

function expectClose(found: number, want: number, relative: number): void {
  expect(Math.abs(found - want), `${found} instead of ${want}`).toBeLessThan(relative * Math.max(1, Math.abs(want)));
}
