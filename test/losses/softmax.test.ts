// The losses that are one softmax or several over a batch of pairs.
import { describe, expect, test } from "vitest";
import { lossOf } from "#nearmiss/losses/index.js";
import {
  building,
  cosine,
  dot,
  expectDifferences,
  maskNode,
  mean,
  normal,
  numbersOf,
  range,
  soft,
  sum,
  unit,
} from "./numbers.js";
import { type Pairs, pairs } from "./pairs.js";

const seeds = [1, 2, 3];

/** Similarities of a row to everything that pushes it away in some directions, and the positive as often as it is in the sum. */
function logits(p: Pairs, i: number, directions: readonly string[], similar: (a: number[], b: number[]) => number) {
  const rows = p.queries.length;
  const [q, d] = [p.queries[i]!, p.documents[i]!];
  const apart = (a: number, b: number) => p.negatives[a]![b]! && p.negatives[b]![a]!;
  const lists: Record<string, () => number[]> = {
    query_to_doc: () => [
      ...range(p.documents.length)
        .filter((j) => p.negatives[i]![j] || j === i)
        .map((j) => similar(q, p.documents[j]!)),
      ...range(p.queue.length)
        .filter((j) => p.queueNegatives[i]![j])
        .map((j) => similar(q, p.queue[j]!)),
    ],
    query_to_query: () =>
      range(rows)
        .filter((j) => apart(i, j))
        .map((j) => similar(q, p.queries[j]!)),
    doc_to_query: () =>
      range(rows)
        .filter((j) => p.negatives[j]![i] || j === i)
        .map((j) => similar(d, p.queries[j]!)),
    doc_to_doc: () =>
      range(p.documents.length)
        .filter((j) => p.negatives[i]![j] && !p.own[i]![j] && (j >= rows || p.negatives[j]![i]))
        .map((j) => similar(d, p.documents[j]!)),
  };
  return directions.flatMap((direction) => lists[direction]!());
}

/** The slow form: −z_ii + ln Σ e^z, each row, each softmax. */
function slow(
  p: Pairs,
  softmaxes: readonly (readonly string[])[],
  scale: number,
  similarity: "cosine" | "dot" = "cosine",
) {
  const similar = (a: number[], b: number[]) => scale * (similarity === "cosine" ? cosine(a, b) : dot(a, b));
  return mean(
    softmaxes.map((directions) =>
      mean(
        p.queries.map(
          (q, i) => Math.log(sum(logits(p, i, directions, similar).map(Math.exp))) - similar(q, p.documents[i]!),
        ),
      ),
    ),
  );
}

const all = ["query_to_doc", "query_to_query", "doc_to_query", "doc_to_doc"];
const variants: readonly {
  name: string;
  options: object;
  scope?: "own";
  queue?: number;
  wanted: (p: Pairs) => number;
  constants?: string[];
}[] = [
  { name: "mnrl", options: { scale: 5 }, wanted: (p) => slow(p, [["query_to_doc"]], 5) },
  { name: "mnrl", options: { scale: 2, similarity: "dot" }, wanted: (p) => slow(p, [["query_to_doc"]], 2, "dot") },
  { name: "mnrl-symmetric", options: { scale: 5 }, wanted: (p) => slow(p, [["query_to_doc"], ["doc_to_query"]], 5) },
  {
    name: "mnrl-symmetric",
    options: { scale: 5, partition: "joint" },
    wanted: (p) => slow(p, [["query_to_doc", "doc_to_query"]], 5),
  },
  { name: "gte-joint", options: { scale: 5 }, wanted: (p) => slow(p, [all], 5) },
  {
    name: "gte-joint",
    options: { scale: 5, directions: ["doc_to_query", "doc_to_doc"] },
    wanted: (p) => slow(p, [["doc_to_query", "doc_to_doc"]], 5),
  },
  {
    name: "info-nce",
    options: { temperature: 0.2, symmetric: true },
    wanted: (p) => slow(p, [["query_to_doc"], ["doc_to_query"]], 5),
  },
  { name: "n-plus-1-tuplet", options: {}, scope: "own", wanted: (p) => slow(p, [["query_to_doc"]], 1, "dot") },
  {
    name: "n-plus-1-tuplet",
    options: { normalize: true, scale: 4 },
    scope: "own",
    wanted: (p) => slow(p, [["query_to_doc"]], 4),
  },
  {
    name: "nt-xent",
    options: { temperature: 0.2 },
    wanted: (p) =>
      slow(
        p,
        [
          ["query_to_doc", "query_to_query"],
          ["doc_to_query", "doc_to_doc"],
        ],
        5,
      ),
  },
  { name: "simcse", options: { temperature: 0.2 }, wanted: (p) => slow(p, [["query_to_doc"]], 5) },
  {
    name: "esimcse",
    options: { temperature: 0.2 },
    queue: 5,
    wanted: (p) => slow(p, [["query_to_doc"]], 5),
    constants: ["queue"],
  },
  {
    name: "moco",
    options: { temperature: 0.2 },
    scope: "own",
    queue: 5,
    wanted: (p) => slow(p, [["query_to_doc"]], 5),
    constants: ["queue", "documents"],
  },
  {
    name: "softmax-cross-entropy",
    options: { temperature: 0.5 },
    wanted: (p) => slow(p, [["query_to_doc"]], 2, "dot"),
  },
];

describe.each(variants)("$name $options", ({ name, options, scope, queue, wanted, constants }) => {
  test.each(seeds)("equals the slow form, with known positives masked: %i", (seed) => {
    const p = pairs(seed, { scope: scope ?? "batch", queue: queue ?? 0 });
    const build = building(name, options, "pairs", p.batch);
    expect(numbersOf(p.values, build).loss).toBeCloseTo(wanted(p), 10);
    if (seed === 1) expectDifferences(p.values, build, constants);
  });
});

test("the batch's own positives are the only documents that gte-joint compares with documents", () => {
  const p = pairs(1);
  const moved = { ...p.values, documents: p.documents.map((row, j) => (j === 0 ? row : row.map((x) => -x))) };
  const without = building("gte-joint", { directions: ["query_to_doc", "doc_to_doc"] }, "pairs", (nodes) => {
    const { own: _, ...rest } = p.batch(nodes);
    return rest;
  });
  const withOwn = building("gte-joint", { directions: ["query_to_doc", "doc_to_doc"] }, "pairs", p.batch);
  expect(numbersOf(moved, withOwn).loss).toBeLessThan(numbersOf(moved, without).loss);
});

test("a softmax without a positive is refused", () => {
  const create = (options: object) => () => lossOf("gte-joint").create(options);
  expect(create({ directions: ["query_to_query"] })).toThrow(/no positive/);
  expect(create({ directions: ["query_to_doc", "doc_to_doc"], partition: "per-direction" })).toThrow(/no positive/);
  expect(create({ directions: ["query_to_document"] })).toThrow(/directions/);
});

test("an own hard negative is weighted, everybody else's are not", () => {
  const p = pairs(4);
  const w = Math.log(3);
  const terms = p.queries.map((q, i) => {
    const weights = p.documents.map((_, j) => (p.negatives[i]![j] ? (p.own[i]![j] ? 3 : 1) : 0));
    const others = sum(
      p.documents.map((d, j) => weights[j]! * Math.exp((cosine(q, d) - cosine(q, p.documents[i]!)) / 0.2)),
    );
    return Math.log1p(others);
  });
  const build = building("simcse", { temperature: 0.2, hardNegativeWeight: w }, "pairs", p.batch);
  expect(numbersOf(p.values, build).loss).toBeCloseTo(mean(terms), 10);
  expectDifferences(p.values, build);
  const unowned = building("simcse", { hardNegativeWeight: w }, "pairs", (nodes) => {
    const { own: _, ...rest } = p.batch(nodes);
    return rest;
  });
  expect(() => numbersOf(p.values, unowned)).toThrow(/drawn for a row/);
});

test("hardness weighs each negative by its similarity, a constant to the gradient", () => {
  const p = pairs(12);
  const terms = (q: readonly number[], i: number, frozen = (j: number) => cosine(p.queries[i]!, p.documents[j]!)) =>
    Math.log1p(
      sum(
        negativesOf(p, i).map((j) => {
          const bonus = (p.own[i]![j] ? 3 : 2) * frozen(j);
          return Math.exp(5 * (cosine(q, p.documents[j]!) - cosine(q, p.documents[i]!)) + bonus);
        }),
      ),
    );
  const build = building("mnrl", { scale: 5, inBatchHardness: 2, ownHardness: 3 }, "pairs", p.batch);
  const found = numbersOf(p.values, build);
  expect(found.loss).toBeCloseTo(mean(p.queries.map((q, i) => terms(q, i))), 10);
  const moved = (step: number) => p.queries[0]!.map((x, k) => (k === 0 ? x + step : x));
  const difference = (terms(moved(1e-5), 0) - terms(moved(-1e-5), 0)) / 2e-5 / 4;
  expect(found.gradients["queries"]![0]).toBeCloseTo(difference, 7);
});

describe("n-pair-mc", () => {
  const also = (p: Pairs) => (nodes: Parameters<Pairs["batch"]>[0]) => ({
    ...p.batch(nodes),
    alsoPositive: maskNode(p.alsoPositive),
  });

  test.each(seeds)("spreads the target over all positives of a row: %i", (seed) => {
    const p = pairs(seed);
    const terms = p.queries.map((q, i) => {
      const positives = range(p.documents.length).filter((j) => j === i || p.alsoPositive[i]![j]);
      const listed = range(p.documents.length).filter((j) => positives.includes(j) || p.negatives[i]![j]);
      const total = Math.log(sum(listed.map((j) => Math.exp(dot(q, p.documents[j]!)))));
      return total - mean(positives.map((j) => dot(q, p.documents[j]!)));
    });
    const build = building("n-pair-mc", {}, "pairs", also(p));
    expect(numbersOf(p.values, build).loss).toBeCloseTo(mean(terms), 10);
    expectDifferences(p.values, build);
  });

  test("one versus one sums over the negatives alone", () => {
    const p = pairs(5);
    const terms = p.queries.map((q, i) =>
      sum(p.documents.map((d, j) => (p.negatives[i]![j] ? soft(dot(q, d) - dot(q, p.documents[i]!)) : 0))),
    );
    const build = building("n-pair-mc", { variant: "ovo", l2Reg: 0.1 }, "pairs", also(p));
    const lengths =
      mean(p.queries.map((q) => dot(q, q))) + mean(p.queries.map((_, i) => dot(p.documents[i]!, p.documents[i]!)));
    expect(numbersOf(p.values, build).loss).toBeCloseTo(mean(terms) + 0.05 * lengths, 10);
    expectDifferences(p.values, build);
  });

  test("is on raw dot products: ten times longer vectors have another loss", () => {
    const p = pairs(6);
    const longer = {
      queries: p.queries.map((row) => row.map((x) => 10 * x)),
      documents: p.documents.map((row) => row.map((x) => 10 * x)),
    };
    const loss = (options: object, values = p.values) =>
      numbersOf(values, building("n-pair-mc", options, "pairs", p.batch)).loss;
    expect(Math.abs(loss({}) - loss({}, longer))).toBeGreaterThan(1);
    expect(loss({ normalize: true })).toBeCloseTo(loss({ normalize: true }, longer), 10);
  });
});

describe("sampled-softmax-logq", () => {
  const probabilities = range(12).map((j) => 0.01 + 0.02 * j);
  const sampled = (p: Pairs) => (nodes: Parameters<Pairs["batch"]>[0]) => ({
    ...p.batch(nodes),
    samplingProbabilities: nodes["q"]!,
  });
  const cases = {
    standard: (p: Pairs, i: number) => {
      const z = (j: number) => dot(p.queries[i]!, p.documents[j]!) / 0.5 - Math.log(probabilities[j]!);
      return Math.log1p(sum(negativesOf(p, i).map((j) => Math.exp(z(j) - z(i)))));
    },
    "negatives-only": (p: Pairs, i: number) => {
      const s = (j: number) => dot(p.queries[i]!, p.documents[j]!) / 0.5;
      return Math.log1p(sum(negativesOf(p, i).map((j) => Math.exp(s(j) - Math.log(probabilities[j]!) - s(i)))));
    },
    corrected: (p: Pairs, i: number) => {
      const s = (j: number) => dot(p.queries[i]!, p.documents[j]!) / 0.5;
      const negatives = negativesOf(p, i);
      const total = Math.log(sum(negatives.map((j) => Math.exp(s(j)) / (probabilities[j]! / (1 - probabilities[i]!)))));
      const weight = 1 - 1 / (1 + Math.exp(-(s(i) - total + Math.log(negatives.length))));
      return weight * (total - s(i));
    },
  };

  test.each(Object.entries(cases))("%s, with known positives masked", (variant, term) => {
    const p = pairs(7);
    const build = building("sampled-softmax-logq", { variant, temperature: 0.5 }, "pairs", sampled(p));
    const values = { ...p.values, q: probabilities };
    expect(numbersOf(values, build).loss).toBeCloseTo(mean(p.queries.map((_, i) => term(p, i))), 10);
  });

  test("what is drawn more often counts for less", () => {
    const loss = (probability: number) => {
      const build = building("sampled-softmax-logq", { variant: "negatives-only" }, "pairs", (nodes) => ({
        queries: nodes["queries"]!,
        documents: nodes["documents"]!,
        negatives: maskNode([[false, true]]),
        samplingProbabilities: nodes["q"]!,
      }));
      return numbersOf({ queries: [[1]], documents: [[0], [0]], q: [0.5, probability] }, build).loss;
    };
    expect(loss(0.1)).toBeCloseTo(Math.log(1 + 10), 12);
    expect(loss(1)).toBeCloseTo(Math.log(2), 12);
  });
});

function negativesOf(p: Pairs, i: number): number[] {
  return range(p.documents.length).filter((j) => p.negatives[i]![j]);
}

describe("mochi", () => {
  test("mixes only what is a negative of the row", () => {
    const p = pairs(8, { scope: "own", queue: 6 });
    const choices = range(4).map(() => [
      [0, 1, 0.25],
      [2, 1, 0.5],
      [3, 5, 0.5],
    ]);
    const withQuery = range(4).map(() => [
      [1, 0.5],
      [5, 0.25],
    ]);
    const values = { ...p.values, choices, withQuery };
    const build = building("mochi", { temperature: 0.2, topN: 6 }, "pairs", (nodes) => ({
      ...p.batch(nodes),
      mixing: { pairs: nodes["choices"]!, withQuery: nodes["withQuery"]! },
    }));
    const terms = p.queries.map((q, i) => {
      const order = range(6).sort((a, b) => score(p, i, b) - score(p, i, a) || a - b);
      const entry = (rank: number) => ({
        vector: unit(p.queue[order[rank]!]!),
        valid: p.queueNegatives[i]![order[rank]!]!,
      });
      const mixed = (a: number[], b: number[], share: number) => unit(a.map((x, k) => share * x + (1 - share) * b[k]!));
      const made = [
        ...choices[i]!.filter(([a, b]) => entry(a!).valid && entry(b!).valid).map(([a, b, share]) =>
          mixed(entry(a!).vector, entry(b!).vector, share!),
        ),
        ...withQuery[i]!.filter(([a]) => entry(a!).valid).map(([a, share]) => mixed(unit(q), entry(a!).vector, share!)),
      ];
      const others = [
        ...negativesOf(p, i).map((j) => p.documents[j]!),
        ...p.queue.filter((_, j) => p.queueNegatives[i]![j]),
        ...made,
      ];
      return Math.log1p(sum(others.map((v) => Math.exp((cosine(q, v) - cosine(q, p.documents[i]!)) / 0.2))));
    });
    expect(p.queueNegatives.flat()).toContain(false);
    const found = numbersOf(values, build);
    expect(found.loss).toBeCloseTo(mean(terms), 10);
    for (const name of ["documents", "queue", "choices", "withQuery"])
      expect(found.gradients[name]!.every((x) => x === 0)).toBe(true);
  });

  test("without a queue there is an error", () => {
    const p = pairs(8, { scope: "own" });
    expect(() => numbersOf(p.values, building("mochi", {}, "pairs", p.batch))).toThrow(/no queue/);
  });
});

/** What ranks the queue of a row: what is no negative comes last. */
function score(p: Pairs, i: number, j: number): number {
  return p.queueNegatives[i]![j] ? cosine(p.queries[i]!, p.queue[j]!) : Number.NEGATIVE_INFINITY;
}

describe("gist", () => {
  const guided = (p: Pairs) => (nodes: Parameters<Pairs["batch"]>[0]) => ({
    ...p.batch(nodes),
    guide: { queries: nodes["guideQueries"]!, documents: nodes["guideDocuments"]! },
  });

  test.each([
    { marginStrategy: "absolute", margin: 0.1 },
    { marginStrategy: "relative", margin: 0.2, contrastPositives: false },
    { marginStrategy: "absolute", margin: 0, contrastAnchors: false },
  ])("leaves out known positives and what the guide suspects: %o", (options) => {
    const p = pairs(11);
    const guide = { queries: normal(11, "gq", 4, 2), documents: normal(11, "gd", 12, 2) };
    const values = { ...p.values, guideQueries: guide.queries, guideDocuments: guide.documents };
    const terms = p.queries.map((q, i) => {
      const reference = cosine(guide.queries[i]!, guide.documents[i]!);
      const limit = reference - options.margin * (options.marginStrategy === "absolute" ? 1 : Math.abs(reference));
      const apart = (j: number) => p.negatives[i]![j]! && p.negatives[j]![i]!;
      const others = [
        ...negativesOf(p, i)
          .filter((j) => cosine(guide.queries[i]!, guide.documents[j]!) <= limit)
          .map((j) => cosine(q, p.documents[j]!)),
        ...(options.contrastAnchors === false ? [] : range(4))
          .filter((j) => apart(j) && cosine(guide.queries[i]!, guide.queries[j]!) <= limit)
          .map((j) => cosine(q, p.queries[j]!)),
        ...(options.contrastPositives === false ? [] : range(4))
          .filter((j) => apart(j) && cosine(guide.documents[i]!, guide.documents[j]!) <= limit)
          .map((j) => cosine(p.documents[i]!, p.documents[j]!)),
      ];
      return Math.log1p(sum(others.map((s) => Math.exp((s - cosine(q, p.documents[i]!)) / 0.2))));
    });
    const build = building("gist", { temperature: 0.2, ...options }, "pairs", guided(p));
    expect(numbersOf(values, build).loss).toBeCloseTo(mean(terms), 10);
    expectDifferences(values, build, ["guideQueries", "guideDocuments"]);
  });
});

test("low temperatures keep value and gradient: nothing saturates", () => {
  const values = {
    queries: [
      [1, 0],
      [0, 1],
    ],
    documents: [
      [-1, 0.01],
      [0.01, -1],
    ],
  };
  for (const name of ["nt-xent", "info-nce", "simcse"]) {
    const found = numbersOf(
      values,
      building(name, { temperature: 0.002 }, "pairs", (nodes) => ({
        queries: nodes["queries"]!,
        documents: nodes["documents"]!,
        negatives: maskNode([
          [false, true],
          [true, false],
        ]),
      })),
    );
    expect(found.loss).toBeGreaterThan(450);
    expect(Math.max(...found.gradients["queries"]!.map(Math.abs))).toBeGreaterThan(1);
  }
});
