// The losses with a margin: contrastive, triplet, hinge.
import { describe, expect, test } from "vitest";
import { constant } from "#nearmiss/graph/index.js";
import { lossOf } from "#nearmiss/losses/index.js";
import { relationsOf } from "#nearmiss/miners/relations.js";
import type { LabelledBatch } from "#nearmiss/miners/types.js";
import {
  building,
  cosine,
  distance,
  dot,
  expectDifferences,
  hinge,
  mask,
  maskNode,
  mean,
  type Nodes,
  normal,
  numbersOf,
  range,
  soft,
  sum,
  unit,
  type Values,
} from "./numbers.js";
import { type Pairs, pairs } from "./pairs.js";

const metrics = ["cosine", "l2", "l2-squared", "l1"];
const forms: Record<string, (x: number) => number> = {
  linear: (x) => x,
  squared: (x) => x * x,
  "squared-half": (x) => (x * x) / 2,
};

interface Compared {
  readonly d: number;
  readonly positive: boolean;
}

/** Contrastive losses of some distances. */
function contrastive(
  list: readonly Compared[],
  {
    form,
    margin,
    positiveMargin,
    reduction,
  }: { form: string; margin: number; positiveMargin: number; reduction: string },
): number {
  const of = forms[form]!;
  const positives = list.filter(({ positive }) => positive).map(({ d }) => of(hinge(d - positiveMargin)));
  const negatives = list.filter(({ positive }) => !positive).map(({ d }) => of(hinge(margin - d)));
  const active = (losses: number[]) => losses.filter((x) => x > 0);
  if (reduction === "sum") return sum(positives) + sum(negatives);
  if (reduction === "mean") return mean([...positives, ...negatives]);
  return reduction === "mean-per-side"
    ? mean(positives) + mean(negatives)
    : mean(active(positives)) + mean(active(negatives));
}

const scoredValues = (seed: number): Values & { first: number[][]; second: number[][]; labels: number[] } => ({
  first: normal(seed, "first", 7, 3),
  second: normal(seed, "second", 7, 3),
  labels: [1, 0, 0, 1, 0, 1, 0],
});
const scored = (nodes: Nodes) => ({ first: nodes["first"]!, second: nodes["second"]!, labels: nodes["labels"]! });

const labels = [0, 0, 0, 1, 1, 2, 3];
const labelledValues = (seed: number) => ({ embeddings: normal(seed, "embeddings", 7, 3) });
/** Rows with labels, and two remembered ones behind them where asked. */
const labelled =
  (memoryLabels: readonly number[] = []) =>
  (nodes: Nodes): LabelledBatch => {
    const anchors = labels.map((label, i) => ({ id: `row ${i}`, labels: [String(label)] }));
    const earlier = memoryLabels.map((label, i) => ({ id: `earlier ${i}`, labels: [String(label)] }));
    const { positive, negative, pairs } = relationsOf(anchors, [...anchors, ...earlier]);
    const shape = [anchors.length, anchors.length + earlier.length];
    return {
      embeddings: nodes["embeddings"]!,
      references: nodes["references"] ?? nodes["embeddings"]!,
      positive: constant(positive, shape),
      negative: constant(negative, shape),
      pairs: { anchor: constant(pairs.anchor), positive: constant(pairs.positive), valid: constant(pairs.valid) },
    };
  };

describe("contrastive", () => {
  const options = Object.keys(forms).flatMap((form, i) =>
    ["mean", "sum", "mean-per-side", "nonzero-mean-per-side"].map((reduction, j) => {
      const metric = metrics[(i + j) % 4]!;
      const normalize = (i + j) % 2 === 0;
      return {
        form,
        reduction,
        metric,
        normalize,
        margin: metric === "cosine" ? 0.8 : normalize ? 1.2 : 2.5,
        positiveMargin: 0.3,
      };
    }),
  );
  test.each(options)("of scored pairs: %o", (one) => {
    const values = scoredValues(1);
    const rows = (x: number[]) => (one.normalize ? unit(x) : x);
    const list = values.first.map((x, i) => ({
      d: distance(rows(x), rows(values.second[i]!), one.metric),
      positive: values.labels[i] === 1,
    }));
    const build = building("contrastive-linear", one, "scored", scored);
    expect(numbersOf(values, build).loss).toBeCloseTo(contrastive(list, one), 10);
    expectDifferences(values, build, ["labels"]);
  });
  test.each(options)("of labelled rows, each pair once: %o", (one) => {
    const values = labelledValues(2);
    const rows = values.embeddings.map((x) => (one.normalize ? unit(x) : x));
    const list = range(7).flatMap((i) =>
      range(i).map((j) => ({ d: distance(rows[i]!, rows[j]!, one.metric), positive: labels[i] === labels[j] })),
    );
    const build = building("contrastive-hadsell", one, "labelled", labelled());
    expect(numbersOf(values, build).loss).toBeCloseTo(contrastive(list, one), 9);
    expectDifferences(values, build);
  });

  test("of a miner's pairs, every chosen one, in its direction", () => {
    const values = labelledValues(3);
    const chosen = {
      positive: mask(3, "p", 7, 7, (i, j, random) => i !== j && labels[i] === labels[j] && random),
      negative: mask(3, "n", 7, 7, (i, j, random) => labels[i] !== labels[j] && random),
    };
    const list = range(7).flatMap((i) =>
      range(7)
        .filter((j) => chosen.positive[i]![j] || chosen.negative[i]![j])
        .map((j) => ({
          d: distance(values.embeddings[i]!, values.embeddings[j]!, "l2"),
          positive: chosen.positive[i]![j]!,
        })),
    );
    const one = { form: "linear", reduction: "mean", metric: "l2", margin: 2, positiveMargin: 0 };
    const build = building("contrastive-linear", one, "labelled", (nodes) => ({
      ...labelled()(nodes),
      selection: { kind: "pairs", positive: maskNode(chosen.positive), negative: maskNode(chosen.negative) },
    }));
    expect(numbersOf(values, build).loss).toBeCloseTo(contrastive(list, one), 10);
  });

  test("with a memory, pairs of the batch count once and remembered ones too", () => {
    const memory = normal(4, "memory", 2, 3);
    const values = { ...labelledValues(4), references: [...labelledValues(4).embeddings, ...memory] };
    const list = range(7).flatMap((i) => [
      ...range(i).map((j) => ({
        d: distance(values.embeddings[i]!, values.embeddings[j]!, "l2"),
        positive: labels[i] === labels[j],
      })),
      ...memory.map((row, k) => ({ d: distance(values.embeddings[i]!, row, "l2"), positive: labels[i] === [0, 5][k] })),
    ]);
    const one = { form: "squared", reduction: "sum", metric: "l2", margin: 2, positiveMargin: 0 };
    const build = building("contrastive-linear", one, "labelled", labelled([0, 5]));
    expect(numbersOf(values, build).loss).toBeCloseTo(contrastive(list, one), 9);
  });

  test("forms are the tutorial's, Sohn's and Hadsell's: squared is twice squared-half", () => {
    const values = scoredValues(5);
    const loss = (form: string) =>
      numbersOf(values, building("contrastive-hadsell", { form, metric: "l2", margin: 2 }, "scored", scored)).loss;
    expect(loss("squared")).toBeCloseTo(2 * loss("squared-half"), 12);
    expect(loss("linear")).not.toBeCloseTo(loss("squared"), 3);
  });
});

test("cosine-embedding is PyTorch's, for labels 1 and -1", () => {
  const values = { ...scoredValues(6), labels: [1, -1, -1, 1, -1, 1, -1] };
  const terms = values.first.map((x, i) => {
    const c = cosine(x, values.second[i]!);
    return values.labels[i] === 1 ? 1 - c : hinge(c - 0.2);
  });
  expect(numbersOf(values, building("cosine-embedding", { margin: 0.2 }, "scored", scored)).loss).toBeCloseTo(
    mean(terms),
    12,
  );
});

describe("online-contrastive", () => {
  const online = (list: readonly Compared[], margin: number) => {
    const positives = list.filter(({ positive }) => positive).map(({ d }) => d);
    const negatives = list.filter(({ positive }) => !positive).map(({ d }) => d);
    const limit = positives.length > 1 ? Math.max(...positives) : mean(negatives);
    const floor = negatives.length > 1 ? Math.min(...negatives) : mean(positives);
    return (
      sum(positives.filter((d) => d > floor).map((d) => d * d)) +
      sum(negatives.filter((d) => d < limit).map((d) => hinge(margin - d) ** 2))
    );
  };
  test.each([
    { metric: "cosine", margin: 0.9 },
    { metric: "l2", margin: 2, normalize: true },
  ])("keeps the hard pairs alone: %o", (options) => {
    const values = scoredValues(7);
    const rows = (x: number[]) => (options.normalize ? unit(x) : x);
    const list = values.first.map((x, i) => ({
      d: distance(rows(x), rows(values.second[i]!), options.metric),
      positive: values.labels[i] === 1,
    }));
    const build = building("online-contrastive", options, "scored", scored);
    expect(numbersOf(values, build).loss).toBeCloseTo(online(list, options.margin), 10);
    expectDifferences(values, build, ["labels"]);
  });
  test("of labelled rows", () => {
    const values = labelledValues(8);
    const list = range(7).flatMap((i) =>
      range(i).map((j) => ({
        d: distance(values.embeddings[i]!, values.embeddings[j]!, "cosine"),
        positive: labels[i] === labels[j],
      })),
    );
    expect(numbersOf(values, building("online-contrastive", {}, "labelled", labelled())).loss).toBeCloseTo(
      online(list, 0.5),
      10,
    );
  });
});

describe("triplet", () => {
  const variants = metrics.flatMap((metric, i) => [
    {
      name: "triplet-margin",
      options: { metric, swap: i % 2 === 0, normalize: i > 1, margin: 0.7, reduction: "mean" },
    },
    {
      name: "triplet-margin",
      options: { metric, swap: i % 2 === 1, normalize: i < 2, margin: 0.7, reduction: "mean-nonzero" },
    },
    { name: "triplet-smooth", options: { metric, swap: i % 2 === 1, margin: 0.4, reduction: "mean" } },
    { name: "triplet-soft-margin", options: { metric, normalize: true } },
  ]);
  const of = (
    name: string,
    { margin = 0, reduction = "mean" }: { margin?: number; reduction?: string },
    gaps: number[],
  ) => {
    const losses = gaps.map((x) => (name === "triplet-margin" ? hinge(x + margin) : soft(x + margin)));
    return mean(reduction === "mean" ? losses : losses.filter((x) => x > 0));
  };

  test.each(variants)("$name of pairs with their own negatives: $options", ({ name, options }) => {
    const p = pairs(1, { scope: "own" });
    const rows = (x: number[]) => ("normalize" in options && options.normalize ? unit(x) : x);
    const d = (a: number[], b: number[]) => distance(rows(a), rows(b), options.metric);
    const gaps = p.queries.flatMap((q, i) =>
      p.documents
        .filter((_, j) => p.negatives[i]![j])
        .map((n) => {
          const apart = "swap" in options && options.swap ? Math.min(d(q, n), d(p.documents[i]!, n)) : d(q, n);
          return d(q, p.documents[i]!) - apart;
        }),
    );
    const build = building(name, options, "pairs", p.batch);
    expect(numbersOf(p.values, build).loss).toBeCloseTo(of(name, options, gaps), 9);
    expectDifferences(p.values, build);
  });

  test.each(variants)("$name of labelled rows: $options", ({ name, options }) => {
    const values = labelledValues(9);
    const rows = values.embeddings.map((x) => ("normalize" in options && options.normalize ? unit(x) : x));
    const d = (i: number, j: number) => distance(rows[i]!, rows[j]!, options.metric);
    const gaps = range(7).flatMap((a) =>
      range(7)
        .filter((p) => p !== a && labels[p] === labels[a])
        .flatMap((p) =>
          range(7)
            .filter((n) => labels[n] !== labels[a])
            .map((n) => d(a, p) - ("swap" in options && options.swap ? Math.min(d(a, n), d(p, n)) : d(a, n))),
        ),
    );
    const build = building(name, options, "labelled", labelled());
    expect(numbersOf(values, build).loss).toBeCloseTo(of(name, options, gaps), 9);
    expectDifferences(values, build);
  });

  test("with swap and a memory the negative is measured from the remembered positive", () => {
    const memory = normal(10, "memory", 3, 3);
    const memoryLabels = [1, 0, 4];
    const values = { ...labelledValues(10), references: [...labelledValues(10).embeddings, ...memory] };
    const all = [...labels, ...memoryLabels];
    const d = (a: number[], b: number[]) => distance(a, b, "l2");
    const gaps = range(7).flatMap((a) =>
      range(10)
        .filter((p) => p !== a && all[p] === labels[a])
        .flatMap((p) =>
          range(10)
            .filter((n) => all[n] !== labels[a])
            .map((n) => {
              const [x, y, z] = [values.embeddings[a]!, values.references[p]!, values.references[n]!];
              return d(x, y) - Math.min(d(x, z), d(y, z));
            }),
        ),
    );
    const options = { metric: "l2", swap: true, margin: 0.5 };
    const build = building("triplet-margin", options, "labelled", labelled(memoryLabels));
    expect(numbersOf(values, build).loss).toBeCloseTo(of("triplet-margin", options, gaps), 10);
  });

  test("a collapsed batch has loss = margin, gradient 0", () => {
    const values = { embeddings: range(7).map(() => [0.3, -0.4, 0.5]) };
    for (const metric of metrics) {
      const found = numbersOf(values, building("triplet-margin", { metric, margin: 0.25 }, "labelled", labelled()));
      expect(found.loss).toBeCloseTo(0.25, 12);
      expect(Math.max(...found.gradients["embeddings"]!.map(Math.abs))).toBeLessThan(1e-12);
    }
  });
});

test("cosine-hinge is triplet-margin of cosine distance", () => {
  const p = pairs(2, { scope: "own" });
  const one = numbersOf(p.values, building("cosine-hinge", { margin: 0.3 }, "pairs", p.batch));
  const other = numbersOf(p.values, building("triplet-margin", { margin: 0.3, metric: "cosine" }, "pairs", p.batch));
  expect(one).toEqual(other);
});

test("mega-batch-margin takes the hardest negative that is none of the known positives", () => {
  const p: Pairs = pairs(3);
  const terms = p.queries.map((q, i) => {
    const hardest = Math.max(-1, ...p.documents.filter((_, j) => p.negatives[i]![j]).map((d) => cosine(q, d)));
    return hinge(0.8 - cosine(q, p.documents[i]!)) + hinge(hardest - 0.1);
  });
  const build = building("mega-batch-margin", { negativeMargin: 0.1 }, "pairs", p.batch);
  expect(numbersOf(p.values, build).loss).toBeCloseTo(mean(terms), 12);
  expectDifferences(p.values, build);
});

test("bpr: the mean over own negatives, lengths a row", () => {
  const p = pairs(4, { scope: "own" });
  const own = (i: number) => p.documents.filter((_, j) => p.negatives[i]![j]);
  const terms = p.queries.flatMap((q, i) => own(i).map((n) => soft(dot(q, n) - dot(q, p.documents[i]!))));
  const lengths = p.queries.map(
    (q, i) => dot(q, q) + dot(p.documents[i]!, p.documents[i]!) + sum(own(i).map((n) => dot(n, n))),
  );
  const build = building("bpr", { l2Reg: 0.2 }, "pairs", p.batch);
  expect(numbersOf(p.values, build).loss).toBeCloseTo(mean(terms) + 0.1 * mean(lengths), 12);
  expectDifferences(p.values, build);
});

test("misspelt options are refused, never read as a default", () => {
  expect(() => lossOf("triplet-margin").create({ metric: "l22" })).toThrow(/metric/);
  expect(() => lossOf("contrastive-linear").create({ form: "cubed" })).toThrow(/form/);
  expect(() => lossOf("triplet-margin").create({ margn: 1 })).toThrow(/margn/);
  expect(() => lossOf("cosine-embedding").create({ margin: 2 })).toThrow(/margin/);
});
