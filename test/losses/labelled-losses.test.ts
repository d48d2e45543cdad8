import fc from "fast-check";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { losses } from "#nearmiss/losses/catalogue.js";
import { lossOf } from "#nearmiss/losses/index.js";
import { type Example, example, range } from "../miners/batch.js";
import { lossAndGradients, parametersOf, type Vectors } from "./labelled.js";
import { formulas } from "./slow.js";

/** Every loss of the formulas with options away from the defaults too. */
const variants: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  "batch-all-triplet": [
    {},
    { metric: "cosine", reduction: "mean", margin: 0.5 },
    { metric: "l2-squared", normalize: true },
  ],
  "batch-hard-triplet": [{}, { metric: "cosine", margin: 1 }],
  "batch-semi-hard-triplet": [{}, { fallback: "hardest" }, { fallback: "drop", metric: "cosine" }],
  supcon: [{}, { variant: "in", temperature: 0.5 }],
  "lifted-structure": [{}, { metric: "l2-squared", normalize: false, positiveMargin: 0.2 }],
  "generalized-lifted-structure": [{}, { metric: "l2-squared", positiveMargin: 0.3, negativeMargin: 0.5 }],
  angular: [{}, { alphaDegrees: 60 }],
  "multi-similarity": [{}, { miningEpsilon: 0.1, emptyAnchors: "skip" }, { alpha: 18, beta: 76, base: 0.77 }],
  circle: [{}, { m: 0.25, gamma: 32 }],
  "tuplet-margin": [{}, { scale: 8, marginDegrees: 20 }],
  margin: [{}, { form: "triplets" }, { beta: "per-class", margin: 0.4 }],
  nca: [{}, { normalize: false, scale: 0.5 }],
  "proxy-nca": [{}, { positiveInDenominator: false, scale: 1 }],
  arcface: [{}, { marginDegrees: 60, scale: 8 }],
  "sub-centre-arcface": [{}, { centres: 2, scale: 8 }],
  sphereface: [{}, { margin: 3, scale: 2 }, { margin: 1 }],
  "large-margin-softmax": [{}, { margin: 2 }],
  "soft-triple": [{ centers: 2 }, { centers: 3, gamma: 0.5, margin: 0.2 }],
  fastap: [{}, { bins: 3 }],
  "smooth-ap": [{}, { temperature: 0.2 }],
  histogram: [{}, { bins: 7 }],
  "ranked-list": [{}, { alpha: 1.4, positiveTemperature: 2, imbalance: 0.3 }],
  "signal-to-noise-contrastive": [{}, { normalize: false, positiveMargin: 0.1, negativeMargin: 2 }],
};

const all = Object.keys(formulas).flatMap((name) =>
  (variants[name] ?? [{}]).map((options) => [name, options] as const),
);
const withDefaults = (name: string, options: unknown) => lossOf(name).create(options).options;

interface Drawn {
  readonly labels: readonly number[];
  readonly older: readonly number[];
  readonly seed: number;
  /** Rows that repeat the one before them. */
  readonly repeated: readonly number[];
}

/** Rows of four classes at most, some of them equal, and where a loss can have it a memory of other items. */
const examples = (memory: boolean): fc.Arbitrary<Drawn> =>
  fc.record({
    labels: fc.array(fc.nat(3), { minLength: 1, maxLength: 7 }),
    older: fc.array(fc.nat(3), { maxLength: memory ? 3 : 0 }),
    seed: fc.nat(1000),
    repeated: fc.array(fc.nat(6), { maxLength: 1 }),
  });

function given(name: string, options: unknown, { labels, older, seed, repeated }: Drawn) {
  const random = rng(seed, "rows");
  const vectors = (n: number) => range(n).map(() => range(3).map(() => random.normal()));
  const items = (of: readonly number[], from: string) =>
    of.map((label, i) => ({ id: `${from}${i}`, labels: [String(label)] }));
  const fresh = vectors(labels.length);
  const learned = parametersOf(name, options, 3, 4).map(({ name, shape: [count = 0, width] }): [string, Vectors] => [
    name,
    width === undefined ? range(count).map((i) => 0.8 + 0.2 * i) : vectors(count),
  ]);
  const example: Example = {
    rows: fresh.map((row, i) => [...(repeated.includes(i) ? (fresh[i - 1] ?? row) : row)]),
    items: items(labels, "row "),
    memory: vectors(older.length),
    memoryItems: items(older, "old "),
  };
  return { example, classes: labels, parameters: Object.fromEntries(learned) };
}

test.each(all)("%s %o is the formula of its paper", (name, options) => {
  const { memory } = lossOf(name).create(options);
  fc.assert(
    fc.property(examples(memory), (one) => {
      const fixed = given(name, options, one);
      const want = formulas[name]?.(fixed, withDefaults(name, options)) ?? Number.NaN;
      const { loss } = lossAndGradients(name, options, fixed);
      expect(Math.abs(loss - want), `${loss} instead of ${want}`).toBeLessThan(1e-6 * Math.max(1, Math.abs(want)));
    }),
    { numRuns: 25, seed: 3 },
  );
});

// Irregular numbers, away from the kinks of hinges, histograms and angles.
const rows = range(7).map((i) => range(4).map((j) => Math.sin(1 + 3.7 * i + 1.3 * j * j) + 0.1 * i));
const plain = { ...example(rows, ["a", "a", "b", "b", "b", "c", "d"]) };
const classes = [0, 0, 1, 1, 1, 2, 3];
const learned = (name: string, options: unknown): Record<string, Vectors> =>
  Object.fromEntries(
    parametersOf(name, options, 4, 4).map(({ name, shape: [count = 0, width] }) => [
      name,
      width === undefined
        ? range(count).map((i) => 0.9 + 0.07 * i)
        : range(count).map((c) => range(width).map((j) => Math.cos(0.3 + 2.3 * c + 1.7 * j))),
    ]),
  );

// The weights of the circle loss are constants to its gradient: only the reference values can tell.
test.each(all.filter(([name]) => name !== "circle"))(
  "the gradients of %s %o are those of differences",
  (name, options) => {
    const inputs: Record<string, Vectors> = { embeddings: rows, ...learned(name, options) };
    const evaluated = ({ embeddings, ...parameters }: Record<string, Vectors>) =>
      lossAndGradients(name, options, { example: { ...plain, rows: embeddings as number[][] }, classes, parameters });
    for (const [key, gradient] of evaluated(inputs).gradients) {
      for (const [place, slope] of gradient.entries()) {
        const nudged = (by: number) => evaluated({ ...inputs, [key]: moved(inputs[key] as Vectors, place, by) }).loss;
        const want = (nudged(1e-5) - nudged(-1e-5)) / 2e-5;
        const allowed = 1e-5 * Math.max(1, Math.abs(want));
        expect(Math.abs(slope - want), `${key} ${place}: ${slope} instead of ${want}`).toBeLessThan(allowed);
      }
    }
  },
);

/** The numbers with one of them changed, counted row by row. */
function moved(values: Vectors, place: number, by: number): Vectors {
  let at = 0;
  const next = (x: number) => (at++ === place ? x + by : x);
  return values.map((row) => (typeof row === "number" ? next(row) : row.map(next))) as Vectors;
}

test("every loss over labelled rows has a formula here", () => {
  const labelled = losses
    .filter((loss) => (loss.kinds as readonly string[]).includes("labelled"))
    .map(({ name }) => name);
  // Those over pairs too stand beside their own tests.
  const elsewhere = [
    "nt-xent",
    "triplet-margin",
    "triplet-smooth",
    "triplet-soft-margin",
    "contrastive-linear",
    "contrastive-hadsell",
    "online-contrastive",
  ];
  expect(labelled.filter((name) => !elsewhere.includes(name)).sort()).toEqual(Object.keys(formulas).sort());
});
