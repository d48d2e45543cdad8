// Losses of scores, and of pairs of vectors with what was said of them.
import { describe, expect, test } from "vitest";
import { constant } from "#nearmiss/graph/index.js";
import {
  building,
  cosine,
  dot,
  expectDifferences,
  hinge,
  mask,
  maskNode,
  mean,
  type Nodes,
  norm,
  normal,
  numbersOf,
  range,
  soft,
  sum,
} from "./numbers.js";
import { pairs } from "./pairs.js";

/** Lists of six with one positive or several; a column may be neither; the last row has no positive. */
function lists(seed: number, positives: "one" | "several" = "several") {
  const kinds = mask(seed, "kinds", 5, 6, (_, __, random) => random);
  const positive = range(5).map((i) =>
    range(6).map((j) => (positives === "one" ? j === 0 : i < 4 && (j === 0 || (j < 3 && kinds[i]![j]!)))),
  );
  const negative = range(5).map((i) => range(6).map((j) => j > 2 && kinds[i]![j]!));
  const values = {
    scores: normal(seed, "scores", 5, 6),
    teacher: normal(seed, "teacher", 5, 6),
    weights: [0.5, 1, 2, 0.1, 3],
  };
  const batch = (nodes: Nodes) => ({
    scores: nodes["scores"]!,
    teacher: nodes["teacher"]!,
    weights: nodes["weights"]!,
    positive: maskNode(positive),
    negative: maskNode(negative),
  });
  const of = (i: number, kind: "positive" | "negative") =>
    range(6).filter((j) => ({ positive, negative })[kind][i]![j]);
  return { values, batch, of };
}
const lse = (list: readonly number[]) => Math.log(sum(list.map(Math.exp)));

test.each(["all", "positive-vs-negatives"])(
  "multi-positive-listwise, denominator %s: rows weighed, rows without positives left out",
  (denominator) => {
    const { values, batch, of } = lists(1);
    const { scores, weights } = values;
    const row = (i: number) => {
      const [p, n] = [of(i, "positive"), of(i, "negative")].map((list) => list.map((j) => scores[i]![j]!)) as [
        number[],
        number[],
      ];
      return mean(p.map((s) => lse(denominator === "all" ? [...p, ...n] : [s, ...n]) - s));
    };
    const rows = range(5).filter((i) => of(i, "positive").length > 0);
    expect(rows).toEqual([0, 1, 2, 3]);
    const wanted = sum(rows.map((i) => weights[i]! * row(i))) / sum(rows.map((i) => weights[i]!));
    const build = building("multi-positive-listwise", { denominator }, "logits", batch);
    expect(numbersOf(values, build).loss).toBeCloseTo(wanted, 12);
  },
);

test("margin-ranking compares every positive with every negative of a list", () => {
  const { values, batch, of } = lists(2);
  const gaps = range(5).flatMap((i) =>
    of(i, "positive").flatMap((p) =>
      of(i, "negative").map((n) => hinge(values.scores[i]![n]! - values.scores[i]![p]! + 0.3)),
    ),
  );
  expect(numbersOf(values, building("margin-ranking", { margin: 0.3 }, "logits", batch)).loss).toBeCloseTo(
    mean(gaps),
    12,
  );
});

test("bce-with-logits of lists counts only what is judged", () => {
  const { values, batch, of } = lists(3);
  const terms = range(5).flatMap((i) => [
    ...of(i, "positive").map((j) => 2 * soft(-values.scores[i]![j]!)),
    ...of(i, "negative").map((j) => soft(values.scores[i]![j]!)),
  ]);
  expect(numbersOf(values, building("bce-with-logits", { posWeight: 2 }, "logits", batch)).loss).toBeCloseTo(
    mean(terms),
    12,
  );
});

test.each([
  { includePositive: true, advReduction: "sum" },
  { includePositive: false, advReduction: "mean" },
])("ar2-retriever: %o", (options) => {
  const { values, batch, of } = lists(4, "one");
  const { scores, teacher } = values;
  const listed = (i: number) => [...of(i, "positive"), ...of(i, "negative")];
  const logP = (i: number, j: number) => scores[i]![j]! - lse(listed(i).map((k) => scores[i]![k]!));
  const adversarial = range(5).map((i) =>
    sum(
      (options.includePositive ? listed(i) : of(i, "negative")).map(
        (j) => -soft(teacher[i]![j]! - teacher[i]![0]!) * logP(i, j),
      ),
    ),
  );
  const distillation = range(5).map(
    (i) =>
      -sum(
        listed(i).map(
          (j) => Math.exp(teacher[i]![j]! / 2 - lse(listed(i).map((k) => teacher[i]![k]! / 2))) * logP(i, j),
        ),
      ),
  );
  const wanted =
    0.3 * (options.advReduction === "sum" ? sum(adversarial) : mean(adversarial)) + 0.7 * mean(distillation);
  const build = building("ar2-retriever", { ...options, lambda: 0.3, rankerTemperature: 2 }, "logits", batch);
  expect(numbersOf(values, build).loss).toBeCloseTo(wanted, 12);
  expectDifferences(values, build, ["teacher"]);
});

test("self-adversarial leaves out what is neither positive nor negative", () => {
  const { values, batch, of } = lists(5, "one");
  const f = (i: number, j: number) => 2 + values.scores[i]![j]!;
  const rows = range(5).map((i) => {
    const weights = of(i, "negative").map((j) => Math.exp(0.5 * f(i, j)));
    const push = sum(of(i, "negative").map((j, k) => (weights[k]! / sum(weights)) * soft(f(i, j))));
    return soft(-f(i, 0)) + push;
  });
  const total = sum(values.weights);
  const wanted = sum(rows.map((x, i) => (values.weights[i]! / total) * x));
  const build = building(
    "self-adversarial",
    { gamma: 2, adversarialTemperature: 0.5, reduction: "sum" },
    "logits",
    batch,
  );
  expect(numbersOf(values, build).loss).toBeCloseTo(wanted, 12);
});

describe("scored pairs", () => {
  const values = {
    first: normal(6, "first", 6, 4),
    second: normal(6, "second", 6, 4),
    labels: [0.1, 0.9, 0.5, 0.5, 0, 1],
  };
  const batch = (nodes: Nodes) => ({ first: nodes["first"]!, second: nodes["second"]!, labels: nodes["labels"]! });

  test("cosent counts each ordered pair", () => {
    const s = values.first.map((x, i) => cosine(x, values.second[i]!));
    const terms = range(6).flatMap((i) =>
      range(6)
        .filter((j) => values.labels[i]! < values.labels[j]!)
        .map((j) => Math.exp(7 * (s[i]! - s[j]!))),
    );
    const build = building("cosent", { scale: 7 }, "scored", batch);
    expect(numbersOf(values, build).loss).toBeCloseTo(Math.log1p(sum(terms)), 12);
    expectDifferences(values, build, ["labels"]);
  });

  test("angle is the sum of the parts of a quotient of complex numbers", () => {
    const s = values.first.map((x, i) => {
      const y = values.second[i]!;
      const parts = range(2).map((k) => {
        const [a, b, c, d] = [x[k]!, x[k + 2]!, y[k]!, y[k + 2]!];
        return a * c + b * d + (b * c - a * d);
      });
      return Math.abs(sum(parts)) / (norm(x) * norm(y));
    });
    const terms = range(6).flatMap((i) =>
      range(6)
        .filter((j) => values.labels[i]! < values.labels[j]!)
        .map((j) => Math.exp(3 * (s[i]! - s[j]!))),
    );
    const build = building("angle", { scale: 3 }, "scored", batch);
    expect(numbersOf(values, build).loss).toBeCloseTo(Math.log1p(sum(terms)), 12);
    expectDifferences(values, build, ["labels"]);
  });

  test.each([
    { similarity: "cosine", scale: 3 },
    { similarity: "dot", scale: 0.5 },
  ])("bce-with-logits of soft labels: %o", ({ similarity, scale }) => {
    const terms = values.first.map((x, i) => {
      const z = scale * (similarity === "cosine" ? cosine : dot)(x, values.second[i]!);
      return 2 * values.labels[i]! * soft(-z) + (1 - values.labels[i]!) * soft(z);
    });
    const build = building("bce-with-logits", { similarity, scale, posWeight: 2 }, "scored", batch);
    expect(numbersOf(values, build).loss).toBeCloseTo(mean(terms), 12);
  });

  test("contrastive-tension is a sum", () => {
    const binary = { ...values, labels: [1, 0, 0, 0, 0, 1] };
    const terms = values.first.map((x, i) => soft((binary.labels[i] === 1 ? -1 : 1) * dot(x, values.second[i]!)));
    const build = building("contrastive-tension", {}, "scored", batch);
    expect(numbersOf(binary, build).loss).toBeCloseTo(sum(terms), 12);
    expect(numbersOf({ ...binary, labels: binary.labels }, build).gradients["first"]!.some((x) => x !== 0)).toBe(true);
  });
});

describe("teachers", () => {
  test.each([
    { similarity: "dot", scale: 1 },
    { similarity: "cosine", scale: 4 },
  ])("margin-mse looks at own negatives alone: %o", ({ similarity, scale }) => {
    const p = pairs(7, { scope: "own" });
    const teacher = normal(7, "teacher", 4, 12);
    const s = (q: number[], d: number[]) => scale * (similarity === "dot" ? dot : cosine)(q, d);
    const terms = p.queries.flatMap((q, i) =>
      range(12)
        .filter((j) => p.negatives[i]![j])
        .map((j) => (s(q, p.documents[i]!) - s(q, p.documents[j]!) - (teacher[i]![i]! - teacher[i]![j]!)) ** 2),
    );
    const build = building("margin-mse", { similarity, scale }, "pairs", (nodes) => ({
      ...p.batch(nodes),
      teacher: nodes["teacher"]!,
    }));
    expect(numbersOf({ ...p.values, teacher }, build).loss).toBeCloseTo(mean(terms), 12);
    expectDifferences({ ...p.values, teacher }, build, ["teacher"]);
    expect(() => numbersOf(p.values, building("margin-mse", {}, "pairs", p.batch))).toThrow(/teacher/);
  });

  test("distill-kl may have two temperatures", () => {
    const p = pairs(8, { scope: "own" });
    const teacher = normal(8, "teacher", 4, 12);
    const terms = p.queries.map((q, i) => {
      const listed = range(12).filter((j) => j === i || p.negatives[i]![j]);
      const logs = (z: (j: number) => number) => listed.map((j) => z(j) - lse(listed.map(z)));
      const [student, wanted] = [logs((j) => dot(q, p.documents[j]!) / 2), logs((j) => teacher[i]![j]! / 3)];
      return sum(wanted.map((w, k) => Math.exp(w) * (w - student[k]!)));
    });
    const build = building("distill-kl", { studentTemperature: 2, teacherTemperature: 3 }, "pairs", (nodes) => ({
      ...p.batch(nodes),
      teacher: nodes["teacher"]!,
    }));
    expect(numbersOf({ ...p.values, teacher }, build).loss).toBeCloseTo(4 * mean(terms), 12);
    expectDifferences({ ...p.values, teacher }, build, ["teacher"]);
  });

  test.each(["mse", "l2", "cosine"])("embedding-distillation by %s", (metric) => {
    const p = pairs(9);
    const guide = { guideQueries: normal(9, "gq", 4, 3), guideDocuments: normal(9, "gd", 12, 3) };
    const rows = [
      ...p.queries.map((x, i) => [x, guide.guideQueries[i]!] as const),
      ...p.documents.map((x, i) => [x, guide.guideDocuments[i]!] as const),
    ];
    const difference = (x: readonly number[], y: readonly number[]) => x.map((a, k) => a - y[k]!);
    const one = {
      mse: (x: number[], y: number[]) => mean(difference(x, y).map((z) => z * z)),
      l2: (x: number[], y: number[]) => norm(difference(x, y)),
      cosine: (x: number[], y: number[]) => 1 - cosine(x, y),
    }[metric]!;
    const build = building("embedding-distillation", { metric }, "pairs", (nodes) => ({
      ...p.batch(nodes),
      guide: { queries: nodes["guideQueries"]!, documents: nodes["guideDocuments"]! },
    }));
    const values = { ...p.values, ...guide };
    expect(numbersOf(values, build).loss).toBeCloseTo(mean(rows.map(([x, y]) => one(x, y))), 12);
    expectDifferences(values, build, Object.keys(guide));
  });

  test("embedding-distillation meets a teacher of another dimension through a learned map", () => {
    const p = pairs(10);
    const values = {
      ...p.values,
      guideQueries: normal(10, "gq", 4, 2),
      guideDocuments: normal(10, "gd", 12, 2),
      projection: normal(10, "map", 2, 3),
    };
    const build = building("embedding-distillation", { teacherDimension: 2 }, "pairs", (nodes) => ({
      ...p.batch(nodes),
      guide: { queries: nodes["guideQueries"]!, documents: nodes["guideDocuments"]! },
    }));
    const mapped = (x: readonly number[]) => values.projection.map((row) => dot(row, x));
    const errors = [
      ...p.queries.map((x, i) => [mapped(x), values.guideQueries[i]!] as const),
      ...p.documents.map((x, i) => [mapped(x), values.guideDocuments[i]!] as const),
    ];
    const wanted = mean(errors.flatMap(([x, y]) => x.map((a, k) => (a - y[k]!) ** 2)));
    expect(numbersOf(values, build).loss).toBeCloseTo(wanted, 12);
    expectDifferences(values, build, ["guideQueries", "guideDocuments"]);
  });
});

test("tsdae is the mean cross-entropy of tokens that count", () => {
  const values = { logits: normal(11, "logits", 5, 7) };
  const targets = [3, 0, 6, 2, 1];
  const counted = [true, true, false, true, false];
  const terms = range(5)
    .filter((i) => counted[i])
    .map((i) => lse(values.logits[i]!) - values.logits[i]![targets[i]!]!);
  const build = building("tsdae", {}, "tokens", (nodes) => ({
    logits: nodes["logits"]!,
    targets: constant(Int32Array.from(targets)),
    counted: maskNode([counted]).reshape([5]),
  }));
  expect(numbersOf(values, build).loss).toBeCloseTo(mean(terms), 12);
  expectDifferences(values, build);
});
