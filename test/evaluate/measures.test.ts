import fc from "fast-check";
import { expect, test } from "vitest";
import { gainsOf, parseMeasures, valueOf } from "#nearmiss/evaluate/measures.js";
import { judgedQueries, perQuery } from "#nearmiss/evaluate/per-query.js";

const value = (name: string, ids: string[], judgements: [string, number][]): number => {
  const [measure] = parseMeasures(name);
  return valueOf(measure!, gainsOf(ids, new Map(judgements), measure!.k));
};

test("hand-made numbers", () => {
  const ids = ["x", "a", "y", "b", "c"];
  const graded: [string, number][] = [
    ["a", 1],
    ["b", 3],
    ["c", 2],
    ["d", 1],
    ["y", 0],
    ["x", -2],
  ];
  const ideal = 3 + 2 / Math.log2(3) + 1 / 2 + 1 / Math.log2(5);
  const dcg = 1 / Math.log2(3) + 3 / Math.log2(5) + 2 / Math.log2(6);
  expect(value("ndcg@5", ids, graded)).toBeCloseTo(dcg / ideal, 15);
  expect(value("ndcg@2", ids, graded)).toBeCloseTo(1 / Math.log2(3) / (3 + 2 / Math.log2(3)), 15);
  expect(value("mrr@5", ids, graded)).toBe(1 / 2);
  expect(value("mrr@1", ids, graded)).toBe(0);
  expect(value("recall@4", ids, graded)).toBe(2 / 4);
  expect(value("map@5", ids, graded)).toBeCloseTo((1 / 2 + 2 / 4 + 3 / 5) / 4, 15);
  expect(value("map@1", ["a"], graded)).toBe(1 / 4);
  expect(value("hit@1", ids, graded)).toBe(0);
  expect(value("hit@2", ids, graded)).toBe(1);
  expect(value("precision@10", ids, graded)).toBe(3 / 10);
});

test("a list with nothing relevant, an empty one and a query without relevant documents give 0", () => {
  for (const name of ["ndcg@3", "mrr@3", "recall@3", "map@3", "hit@3", "precision@3"]) {
    expect(value(name, ["x"], [["a", 1]])).toBe(0);
    expect(value(name, [], [["a", 1]])).toBe(0);
    expect(value(name, ["x"], [["x", 0]])).toBe(0);
  }
});

test("every measure equals its definition, recomputed from sets", () => {
  const documents = ["a", "b", "c", "d", "e", "constructor", "__proto__"];
  fc.assert(
    fc.property(
      fc.shuffledSubarray(documents),
      fc.uniqueArray(fc.tuple(fc.constantFrom(...documents), fc.constantFrom(-1, 0, 1, 2, 0.5)), {
        selector: ([id]) => id,
      }),
      fc.integer({ min: 1, max: 9 }),
      (ids, judgements, k) => {
        const relevant = judgements.filter(([, grade]) => grade > 0).map(([id]) => id);
        const gain = (id: string): number => Math.max(0, judgements.find(([one]) => one === id)?.[1] ?? 0);
        const dcg = (list: string[]): number =>
          list.slice(0, k).reduce((sum, id, i) => sum + gain(id) / Math.log2(i + 2), 0);
        const top = ids.slice(0, k);
        const hits = top.filter((id) => relevant.includes(id)).length;
        const best = [...relevant].sort((a, b) => gain(b) - gain(a));
        const precisions = top.map((id, i) =>
          relevant.includes(id) ? top.slice(0, i + 1).filter((one) => relevant.includes(one)).length / (i + 1) : 0,
        );
        const some = relevant.length > 0;
        expect(value(`ndcg@${k}`, ids, judgements)).toBeCloseTo(some ? dcg(ids) / dcg(best) : 0, 14);
        expect(value(`recall@${k}`, ids, judgements)).toBe(some ? hits / relevant.length : 0);
        expect(value(`precision@${k}`, ids, judgements)).toBe(hits / k);
        expect(value(`hit@${k}`, ids, judgements)).toBe(hits > 0 ? 1 : 0);
        const first = top.findIndex((id) => relevant.includes(id));
        expect(value(`mrr@${k}`, ids, judgements)).toBe(first < 0 ? 0 : 1 / (first + 1));
        const total = precisions.reduce((a, b) => a + b, 0);
        expect(value(`map@${k}`, ids, judgements)).toBeCloseTo(some ? total / relevant.length : 0, 14);
      },
    ),
  );
});

test("measure names are read, repeated ones once, unknown ones refused with the known ones listed", () => {
  expect(parseMeasures(" ndcg@10, mrr@1,ndcg@10")).toEqual([
    { name: "ndcg@10", kind: "ndcg", k: 10 },
    { name: "mrr@1", kind: "mrr", k: 1 },
  ]);
  for (const bad of ["", "ndcg", "ndcg@0", "ndcg@1.5", "NDCG@10", "f1@10", "ndcg@10;mrr@10"])
    expect(() => parseMeasures(bad), bad).toThrow(/ndcg@k, mrr@k, recall@k, map@k, hit@k, precision@k/);
});

const hits = (...ids: string[]) => ({ ids, scores: Float64Array.from(ids, (_, i) => -i) });

test("means run over the judged queries with a relevant document; a query without results counts 0", () => {
  const split = {
    name: "test",
    judgements: new Map([
      ["q2", new Map([["a", 1]])],
      ["q1", new Map([["b", 1]])],
      ["q3", new Map([["c", 0]])],
      ["q4", new Map<string, number>()],
    ]),
  };
  const queries = judgedQueries(split);
  expect(queries).toEqual(["q2", "q1"]);
  const values = perQuery(new Map([["q2", hits("x", "a")]]), split, queries, parseMeasures("mrr@10"));
  expect([...values.get("mrr@10")!]).toEqual([0.5, 0]);
});

test("a query that is a document is left out of its own results unless kept", () => {
  const split = { name: "test", judgements: new Map([["a", new Map([["b", 1]])]]) };
  const found = new Map([["a", hits("a", "b")]]);
  const measures = parseMeasures("hit@1,precision@1");
  expect(perQuery(found, split, ["a"], measures).get("hit@1")![0]).toBe(1);
  expect(perQuery(found, split, ["a"], measures, { keepSelf: true }).get("hit@1")![0]).toBe(0);
});
