import fc from "fast-check";
import { expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { constant, input } from "#nearmiss/graph/index.js";
import { loss } from "#nearmiss/losses/index.js";
import { findCollapse, type WatchedStep, watchCollapse } from "#nearmiss/miners/collapse.js";
import { miner } from "#nearmiss/miners/index.js";
import { relationsOf } from "#nearmiss/miners/relations.js";
import { spread, tripletTelemetry } from "#nearmiss/miners/telemetry.js";
import type { LabelledBatch, Miner } from "#nearmiss/miners/types.js";
import { anyExample, batchOf, type Example, mined, range, type Triplet } from "./batch.js";
import { at, tables, triplets, unit } from "./slow.js";

const margin = 0.375;
const cosine = { metric: "cosine", normalize: false } as const;
const space = { metric: "l2", normalize: false } as const;

function telemetry(given: Example, selected?: Miner): Record<string, number> {
  const batch = batchOf(given);
  const selection = selected === undefined ? {} : { selection: selected.select(batch) };
  const found = evaluate({ ...tripletTelemetry({ ...batch, ...selection }, { ...space, margin }) });
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data[0] as number]));
}

function slowly(given: Example, list: readonly Triplet[]): Record<string, number> {
  const { d } = tables(given, "l2", false);
  const delta = list.map(([a, p, n]) => at(d, a, n) - at(d, a, p));
  for (const x of delta) fc.pre((x === 0 || Math.abs(x) > 1e-9) && Math.abs(x - margin) > 1e-9);
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / Math.max(1, values.length);
  const share = (inside: (x: number) => boolean) => mean(delta.map((x) => (inside(x) ? 1 : 0)));
  const units = given.rows.map(unit);
  const centre = range(4).map((j) => mean(units.map((u) => u[j] as number)));
  return {
    hardShare: share((x) => x <= 0),
    semiHardShare: share((x) => x > 0 && x <= margin),
    easyShare: share((x) => x > margin),
    activeShare: share((x) => x <= margin),
    meanPositiveDistance: mean(list.map(([a, p]) => at(d, a, p))),
    meanNegativeDistance: mean(list.map(([a, , n]) => at(d, a, n))),
    meanMargin: mean(delta),
    spread: Math.sqrt(mean(units.map((u) => u.reduce((sum, x, j) => sum + (x - (centre[j] as number)) ** 2, 0)))),
  };
}

function expectClose(got: Record<string, number>, want: Record<string, number>): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  for (const [name, value] of Object.entries(want))
    expect(Math.abs((got[name] as number) - value), name).toBeLessThan(1e-7);
}

test("shares and means of all triplets are those of a loop", () => {
  fc.assert(
    fc.property(anyExample, (given) => {
      expectClose(telemetry(given), slowly(given, triplets(tables(given, "l2", false))));
    }),
    { numRuns: 150, seed: 5 },
  );
});

test("with a miner they are those of the triplets that it selected, listed or as pairs", () => {
  fc.assert(
    fc.property(anyExample, (given) => {
      const listed = miner("facenet-semi-hard", { alpha: 1, fallback: "hardest", ...space });
      expectClose(telemetry(given, listed), slowly(given, mined(listed, given).triplets));
      const paired = miner("multi-similarity", { epsilon: 0.05 });
      const { positives, negatives } = mined(paired, given);
      const joined = positives.flatMap(([a, p]) =>
        negatives.flatMap(([other, n]): Triplet[] => (other === a ? [[a, p, n]] : [])),
      );
      expectClose(telemetry(given, paired), slowly(given, joined));
    }),
    { numRuns: 60, seed: 6 },
  );
});

test("spread is 0 where all rows point one way and 1 where they cancel", () => {
  const of = (rows: number[][]) =>
    evaluate({ s: spread(constant(rows.flat(), [rows.length, rows[0]?.length ?? 0])) })["s"]?.data[0];
  expect(
    of([
      [1, 2],
      [2, 4],
      [0.5, 1],
    ]),
  ).toBeCloseTo(0, 7);
  expect(
    of([
      [3, 0],
      [-1, 0],
      [0, 2],
      [0, -7],
    ]),
  ).toBeCloseTo(1, 12);
});

const healthy = (step: number): WatchedStep => ({ step, loss: 0.2 * Math.exp(-step / 30), spread: 0.7 });

test("a collapse is named in the step in which it is sure, with the step since which it lasts", () => {
  const series = range(60).map((step) =>
    step < 20
      ? healthy(step)
      : { step, loss: 0.2 + 0.3 * Math.exp(-(step - 20) / 3), spread: 0.7 * Math.exp(-(step - 20) / 4) },
  );
  const alarm = findCollapse(series, { lossWhenEqual: 0.2 });
  // Spread falls to 0.1 at 20 + 4 ln 7 = 27.8, the loss to 0.22 at 20 + 3 ln 15 = 28.1.
  expect(alarm).toMatchObject({ kind: "alarm", alarm: "collapse", since: 29, step: 33, lossWhenEqual: 0.2 });
  expect(alarm?.message).toMatch(/since step 29/);
});

test("neither a loss at the margin with embeddings spread, nor embeddings that are near with a loss that falls, nor a moment of both is a collapse", () => {
  const rule = { lossWhenEqual: 0.2 };
  const series = (of: (step: number) => Partial<WatchedStep>) =>
    range(50).map((step) => ({ ...healthy(step), ...of(step) }));
  expect(
    findCollapse(
      series(() => ({ loss: 0.2, meanNegativeDistance: 0.9 })),
      rule,
    ),
  ).toBeNull();
  expect(
    findCollapse(
      series(() => ({ loss: 0.05, spread: 0.01 })),
      rule,
    ),
  ).toBeNull();
  expect(
    findCollapse(
      series((step) => (step % 5 === 0 ? {} : { loss: 0.2, spread: 0 })),
      rule,
    ),
  ).toBeNull();
  expect(
    findCollapse(
      series(() => ({ loss: Number.NaN, spread: Number.NaN })),
      rule,
    ),
  ).toBeNull();
});

test("one collapse is one alarm; another one after recovery is another", () => {
  const watch = watchCollapse({ lossWhenEqual: 1, steps: 2 });
  const states = "xxxx...xxx";
  const alarms = [...states].map((state, step) =>
    watch(state === "x" ? { step, loss: 1, spread: 0 } : { step, loss: 0.2, spread: 0.6 }),
  );
  expect(alarms.map((alarm) => alarm?.step ?? null)).toEqual([null, 1, null, null, null, null, null, null, 8, null]);
});

test("mining the hardest negatives of noisy classes collapses and is seen; semi-hard ones do not", () => {
  const [count, features, dimension] = [48, 8, 3];
  const generator = rng(1, "collapse");
  const centres = range(12).map(() => range(features).map(() => generator.normal()));
  const items = range(count).map((i) => ({ id: `i${i}`, labels: [`c${i % 12}`] }));
  const rows = range(count).flatMap((i) => [
    2,
    ...(centres[i % 12] as number[]).map((x) => 0.5 * x + generator.normal()),
  ]);
  const relations = relationsOf(items);
  const weights = input("weights", [features + 1, dimension]);
  const embeddings = constant(rows, [count, features + 1]).matmul(weights);
  const batch: LabelledBatch = {
    embeddings,
    references: embeddings,
    positive: constant(relations.positive, [count, count]),
    negative: constant(relations.negative, [count, count]),
    pairs: {
      anchor: constant(relations.pairs.anchor),
      positive: constant(relations.pairs.positive),
      valid: constant(relations.pairs.valid),
    },
  };
  const train = (selected: Miner) => {
    const chosen = { ...batch, selection: selected.select(batch) };
    const triplet = loss("triplet-margin", { metric: "cosine", margin: 0.2 }).build.labelled(
      chosen,
      () => weights,
    ).loss;
    const [gradient] = gradients(triplet, [weights]);
    const { spread: width, meanNegativeDistance } = tripletTelemetry(batch, { ...cosine, margin: 0.2 });
    const outputs = { loss: triplet, gradient: gradient ?? weights.mul(0), width, distance: meanNegativeDistance };
    const start = rng(2, "start");
    const values = Float64Array.from({ length: (features + 1) * dimension }, () => 0.3 * start.normal());
    return range(40).map((step): WatchedStep => {
      const found = evaluate(outputs, {
        weights: { dtype: "float32", shape: [features + 1, dimension], data: values.slice() },
      });
      const number = (name: string) => found[name]?.data[0] as number;
      found["gradient"]?.data.forEach((g, i) => {
        values[i] = (values[i] as number) - 0.5 * g;
      });
      return { step, loss: number("loss"), spread: number("width"), meanNegativeDistance: number("distance") };
    });
  };
  const hardest = train(miner("facenet-semi-hard", { window: "all", ...cosine }));
  expect(findCollapse(hardest, { lossWhenEqual: 0.2 })).toMatchObject({ alarm: "collapse", step: 17 });
  const semiHard = train(miner("facenet-semi-hard", { alpha: 0.2, ...cosine }));
  expect(findCollapse(semiHard, { lossWhenEqual: 0.2 })).toBeNull();
});
