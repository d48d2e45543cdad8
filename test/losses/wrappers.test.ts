// Regularisers, and losses made of losses.
import { describe, expect, test } from "vitest";
import { input } from "#nearmiss/graph/index.js";
import { adaptiveLayer } from "#nearmiss/losses/adaptive-layer.js";
import { combine } from "#nearmiss/losses/combine.js";
import { loss, lossOf } from "#nearmiss/losses/index.js";
import { matryoshka } from "#nearmiss/losses/matryoshka.js";
import {
  building,
  cosine,
  distance,
  dot,
  expectDifferences,
  mean,
  type Nodes,
  norm,
  normal,
  numbersOf,
  range,
  sum,
  unit,
} from "./numbers.js";
import { pairs } from "./pairs.js";

const noParameters = () => {
  throw new Error("no parameters");
};
const values = { a: normal(1, "a", 5, 4), b: normal(1, "b", 3, 4) };
const vectors = (nodes: Nodes) => ({ columns: [nodes["a"]!, nodes["b"]!] });
const columns = [values.a, values.b];

describe("regularisers", () => {
  test("gor averages the columns", () => {
    const terms = columns.map((rows) => {
      const cosines = range(rows.length).flatMap((i) =>
        range(rows.length)
          .filter((j) => j !== i)
          .map((j) => cosine(rows[i]!, rows[j]!)),
      );
      return 2 * mean(cosines) ** 2 + 3 * Math.max(0, mean(cosines.map((c) => c * c)) - 1 / 4);
    });
    const build = building("gor", { meanWeight: 2, secondMomentWeight: 3 }, "vectors", vectors);
    expect(numbersOf(values, build).loss).toBeCloseTo(mean(terms), 12);
    expectDifferences(values, build);
  });
  test("uniformity averages the columns; a single row is at 0", () => {
    const of = (rows: number[][]) =>
      Math.log(
        mean(
          range(rows.length).flatMap((i) =>
            range(i).map((j) => Math.exp(-3 * distance(unit(rows[i]!), unit(rows[j]!), "l2-squared"))),
          ),
        ),
      );
    const build = building("uniformity", { t: 3 }, "vectors", vectors);
    expect(numbersOf(values, build).loss).toBeCloseTo(mean(columns.map(of)), 12);
    expectDifferences(values, build);
    const single = numbersOf({ a: [[1, 2, 3, 4]], b: [[0, 1, 0, 0]] }, build);
    expect(single.loss).toBe(0);
    expect(
      Object.values(single.gradients)
        .flat()
        .every((x) => Math.abs(x) === 0),
    ).toBe(true);
  });
  test.each([1, 2, 3])("alignment with alpha %i, equal rows at gradient 0", (alpha) => {
    const p = pairs(2, { hard: 0 });
    const wanted = mean(p.queries.map((q, i) => distance(unit(q), unit(p.documents[i]!), "l2") ** alpha));
    const build = building("alignment", { alpha }, "pairs", p.batch);
    expect(numbersOf(p.values, build).loss).toBeCloseTo(wanted, 12);
    expectDifferences(p.values, build);
    const equal = numbersOf({ queries: p.queries, documents: p.queries }, build);
    expect(equal.loss).toBe(0);
    expect(
      Object.values(equal.gradients)
        .flat()
        .every((x) => Math.abs(x) < 1e-12),
    ).toBe(true);
  });
  test.each([
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ])("lp-regulariser, p %i, power %i", (p, power) => {
    const length = (x: readonly number[]) => (p === 1 ? sum(x.map(Math.abs)) : norm(x)) ** power;
    const build = building("lp-regulariser", { p, power }, "vectors", vectors);
    expect(numbersOf(values, build).loss).toBeCloseTo(mean(columns.map((rows) => mean(rows.map(length)))), 12);
    expectDifferences(values, build);
  });
  test("vicreg of a single row has no variance and no NaN", () => {
    const p = pairs(3, { rows: 1, hard: 0 });
    const found = numbersOf(p.values, building("vicreg", {}, "pairs", p.batch));
    expect(Number.isFinite(found.loss)).toBe(true);
    expect(Object.values(found.gradients).flat().every(Number.isFinite)).toBe(true);
  });
});

describe("matryoshka", () => {
  test("sums a loss over leading dimensions, a queue's too", () => {
    const p = pairs(4, { queue: 3, dimension: 4 });
    const cut = (rows: number[][], d: number) => rows.map((row) => unit(row.slice(0, d)));
    const inner = building("esimcse", { temperature: 0.5 }, "pairs", p.batch);
    const part = (d: number) =>
      numbersOf({ queries: cut(p.queries, d), documents: cut(p.documents, d), queue: cut(p.queue, d) }, inner).loss;
    const wrapped = matryoshka(loss("esimcse", { temperature: 0.5 }), { dims: [4, 2], weights: [1, 0.25] });
    const build = (nodes: Nodes) => wrapped.build.pairs(p.batch(nodes), noParameters);
    expect(numbersOf(p.values, build).loss).toBeCloseTo(part(4) + 0.25 * part(2), 12);
    expectDifferences(p.values, build, ["queue"]);
  });
  test("wraps losses of scored pairs too", () => {
    const given = { first: normal(5, "f", 4, 4), second: normal(5, "s", 4, 4), labels: [0, 0.5, 0.2, 1] };
    const batch = (nodes: Nodes) => ({ first: nodes["first"]!, second: nodes["second"]!, labels: nodes["labels"]! });
    const wrapped = matryoshka(loss("cosent"), { dims: [3, 1] });
    const cut = (d: number) => ({
      ...given,
      first: given.first.map((x) => x.slice(0, d)),
      second: given.second.map((x) => x.slice(0, d)),
    });
    const part = (d: number) => numbersOf(cut(d), building("cosent", {}, "scored", batch)).loss;
    expect(numbersOf(given, (nodes) => wrapped.build.scored(batch(nodes), noParameters)).loss).toBeCloseTo(
      part(3) + part(1),
      12,
    );
  });
  test("refuses dims that do not fit", () => {
    const p = pairs(6);
    expect(() => matryoshka(loss("mnrl"), { dims: [2, 1], weights: [1] })).toThrow(/as many/);
    expect(() =>
      matryoshka(loss("mnrl"), { dims: [4] }).build.pairs(
        p.batch({ queries: input("x", [4, 3]), documents: input("x", [4, 3]) }),
        noParameters,
      ),
    ).toThrow(/4 of 3/);
  });
});

test("adaptive-layer adds earlier layers, and their divergence from the last", () => {
  const p = pairs(7);
  const given = { ...p.values, layerQueries: normal(7, "lq", 4, 3), layerDocuments: normal(7, "ld", 12, 3) };
  const wrapped = adaptiveLayer(loss("mnrl"), {
    klTemperature: 0.5,
    priorLayersWeight: 2,
    lastLayerWeight: 3,
    klWeight: 0.7,
  });
  const build = (nodes: Nodes) =>
    wrapped.build.pairs(
      { ...p.batch(nodes), layers: [{ queries: nodes["layerQueries"]!, documents: nodes["layerDocuments"]! }] },
      noParameters,
    );
  const mnrl = building("mnrl", {}, "pairs", p.batch);
  const softmax = (x: readonly number[]) => {
    const powers = x.map((z) => Math.exp(z / 0.5));
    return powers.map((z) => z / sum(powers));
  };
  const kl = (a: number[][], b: number[][]) =>
    mean(a.map((row, i) => sum(softmax(row).map((x, k) => x * Math.log(x / softmax(b[i]!)[k]!)))));
  const layer = numbersOf({ queries: given.layerQueries, documents: given.layerDocuments }, mnrl).loss;
  const divergence = (kl(p.queries, given.layerQueries) + kl(p.documents, given.layerDocuments)) / 2;
  expect(numbersOf(given, build).loss).toBeCloseTo(
    3 * numbersOf(p.values, mnrl).loss + 2 * layer + 0.7 * 0.5 * divergence,
    10,
  );
  expect(() => numbersOf(p.values, (nodes) => wrapped.build.pairs(p.batch(nodes), noParameters))).toThrow(
    /earlier layers/,
  );
});

describe("combine", () => {
  test("is the weighted sum, with parameters and telemetry by part", () => {
    const p = pairs(8);
    const parts = [
      { loss: loss("contrastive-tension-in-batch"), weight: 1 },
      { loss: loss("gor"), weight: 0.5 },
    ] as const;
    const both = combine<"pairs">(parts);
    expect(both.parameters({ dimension: 3, classes: 0 })).toEqual([
      { name: "0:contrastive-tension-in-batch/logScale", shape: [1], initial: Math.log(20) },
    ]);
    const given = { ...p.values, logScale: [Math.log(7)] };
    const build = (nodes: Nodes) =>
      both.build.pairs(p.batch(nodes), (name) => {
        expect(name).toBe("0:contrastive-tension-in-batch/logScale");
        return nodes["logScale"]!;
      });
    const first = numbersOf(given, building("contrastive-tension-in-batch", {}, "pairs", p.batch));
    const second = numbersOf(p.values, building("gor", {}, "pairs", p.batch));
    const found = numbersOf(given, build);
    expect(found.loss).toBeCloseTo(first.loss + 0.5 * second.loss, 12);
    expect(found.telemetry["1:gor/loss"]).toBeCloseTo(second.loss, 12);
    expect(found.telemetry["0:contrastive-tension-in-batch/scale"]).toBeCloseTo(7, 12);
    expectDifferences(given, build);
    expect(Object.keys(both.build)).toEqual(["pairs"]);
  });
  test("refuses losses that share no batch, and different meanings of a negative", () => {
    const part = (name: string) => ({ loss: lossOf(name).create(), weight: 1 });
    expect(() => combine([])).toThrow(/no loss/);
    expect(() => combine([part("mnrl"), part("cosent")])).toThrow(/share a kind/);
    expect(() => combine([part("mnrl"), part("bpr")])).toThrow(/negatives/);
  });
});

test("the learned scale of contrastive-tension-in-batch is that of both directions", () => {
  const p = pairs(9);
  const given = { ...p.values, logScale: [Math.log(6)] };
  const learned = numbersOf(given, building("contrastive-tension-in-batch", {}, "pairs", p.batch));
  const fixed = numbersOf(p.values, building("mnrl-symmetric", { scale: 6 }, "pairs", p.batch));
  expect(learned.loss).toBeCloseTo(fixed.loss, 12);
  expect(dot(learned.gradients["queries"]!, learned.gradients["queries"]!)).toBeCloseTo(
    dot(fixed.gradients["queries"]!, fixed.gradients["queries"]!),
    10,
  );
});

describe("a configuration", () => {
  test("names losses made of others", () => {
    const p = pairs(10);
    const of = (name: string, options: object) => numbersOf(p.values, building(name, options, "pairs", p.batch)).loss;
    const params = { scale: 5 };
    expect(of("matryoshka", { loss: "mnrl", params, dims: [3, 2], weights: [1, 2] })).toBeCloseTo(
      of("matryoshka-mnrl", { ...params, dims: [3, 2], weights: [1, 2] }),
      12,
    );
    const parts = [
      { loss: "mnrl", params },
      { loss: "gor", weight: 3 },
    ];
    expect(of("weighted-sum", { parts })).toBeCloseTo(of("mnrl", params) + 3 * of("gor", {}), 12);
    const nested = { loss: "weighted-sum", params: { parts }, dims: [3] };
    expect(of("matryoshka", nested)).toBeCloseTo(
      of("matryoshka", { loss: "mnrl", params, dims: [3] }) + 3 * of("matryoshka", { loss: "gor", dims: [3] }),
      12,
    );
  });
  test("is refused where the loss inside does not fit, or has no such name or option", () => {
    const create = (name: string, options: object) => () => lossOf(name).create(options);
    expect(create("matryoshka", { loss: "nothing", dims: [2] })).toThrow(/no loss has this name/);
    expect(create("matryoshka", { loss: "mnrl", params: { scal: 1 }, dims: [2] })).toThrow(/scal/);
    expect(create("matryoshka", { loss: "tsdae", dims: [2] })).toThrow(/over pairs/);
    expect(create("adaptive-layer", { loss: "cosent" })).toThrow(/over pairs/);
    expect(create("adaptive-layer", { loss: "mnrl" })).not.toThrow();
  });
});
