import { expect, test } from "vitest";
import type { RetrievalData, ScoredPool, Split } from "#nearmiss/base/types.js";
import { buildPools, candidateDocuments } from "#nearmiss/negatives/pools.js";
import { collect, ids, tinyData, tinyRequest, tinyScore } from "./fixtures.js";

test("a nearest pool holds the best documents in order, positives included, ranks from 1", async () => {
  const [first] = (await collect(buildPools(tinyRequest({ depth: 5 }), "nearest"))) as [ScoredPool];
  expect(ids(first.candidates)).toEqual(["d0", "d1", "d2", "d3", "d4"]);
  expect(first.candidates.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5]);
  expect(first.candidates[2]?.score).toBe(tinyScore("q0", "d2"));
  expect(first).toMatchObject({ query: { id: "q0" }, similarity: "cosine", scale: 20, round: 0 });
});

test("a positive outside the pool has its score and no rank", async () => {
  const data = tinyData();
  const judgements = new Map([
    [
      "q3",
      new Map([
        ["d30", 1],
        ["d3", 2],
        ["d5", 0],
      ]),
    ],
  ]);
  const request = tinyRequest({ data, split: { name: "train", judgements }, depth: 4 });
  const [only] = (await collect(buildPools(request, "nearest"))) as [ScoredPool];
  expect(only.positives).toEqual([
    { id: "d30", score: tinyScore("q3", "d30"), rank: null },
    { id: "d3", score: tinyScore("q3", "d3"), rank: 1 },
  ]);
});

test("queries without a relevant document have no pool", async () => {
  const judgements = new Map([
    ["q1", new Map([["d1", 0]])],
    ["q2", new Map([["d2", 1]])],
  ]);
  const pools = await collect(buildPools(tinyRequest({ split: { name: "train", judgements } }), "nearest"));
  expect(pools.map(({ query }) => query.id)).toEqual(["q2"]);
});

test("blocks change nothing", async () => {
  for (const source of ["nearest", "corpus"] as const) {
    const whole = await collect(buildPools(tinyRequest(), source));
    expect(await collect(buildPools(tinyRequest({ block: 1 }), source))).toEqual(whole);
    expect(await collect(buildPools(tinyRequest({ block: 5 }), source))).toEqual(whole);
  }
});

test("a pool from the corpus is a draw without replacement that depends on seed, round and query alone", async () => {
  const draw = async (more: object): Promise<string[][]> =>
    (await collect(buildPools(tinyRequest(more), "corpus"))).map(({ candidates }) => ids(candidates));
  const first = await draw({});
  for (const list of first) expect([list.length, new Set(list).size]).toEqual([10, 10]);
  expect(await draw({})).toEqual(first);
  expect(await draw({ seed: 2 })).not.toEqual(first);
  expect(await draw({ round: 1 })).not.toEqual(first);
  const data = tinyData();
  const split = data.splits.get("train") as Split;
  const reversed = { name: "train", judgements: new Map([...split.judgements].reverse()) };
  expect((await draw({ split: reversed })).reverse()).toEqual(first);
});

test("a pool from the corpus takes each document equally often", async () => {
  const judgements = new Map([["q0", new Map([["d0", 1]])]]);
  const counts = new Map<string, number>();
  const n = 2000;
  for (let seed = 0; seed < n; seed++) {
    const request = tinyRequest({ seed, split: { name: "train", judgements } });
    for (const { candidates } of await collect(buildPools(request, "corpus"))) {
      for (const { id } of candidates) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  const p = 10 / 40;
  for (let i = 0; i < 40; i++) {
    const z = ((counts.get(`d${i}`) ?? 0) / n - p) / Math.sqrt((p * (1 - p)) / n);
    expect(Math.abs(z)).toBeLessThan(5);
  }
});

test("a query that is also a document is left out of its own pool unless kept", async () => {
  const data = tinyData();
  const twin: RetrievalData = {
    ...data,
    documents: new Map([...data.documents, ["q3", { id: "q3", text: "question 3" }]]),
  };
  const judgements = new Map([["q3", new Map([["d4", 1]])]]);
  const request = tinyRequest({
    data: twin,
    documents: twin.documents,
    split: { name: "train", judgements },
    depth: 4,
  });
  const [without] = (await collect(buildPools(request, "nearest"))) as [ScoredPool];
  expect(ids(without.candidates)).not.toContain("q3");
  expect(without.candidates.map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
  const [withSelf] = (await collect(buildPools({ ...request, keepSelf: true }, "nearest"))) as [ScoredPool];
  expect(ids(withSelf.candidates)).toContain("q3");
});

test("candidates of a split are the documents it names", () => {
  const data = tinyData(3, 9);
  const split = { ...(data.splits.get("train") as Split), negatives: new Map([["q0", ["d7"]]]) };
  expect([...candidateDocuments(data, split, "train").keys()]).toEqual(["d0", "d1", "d2", "d3", "d7"]);
  expect(candidateDocuments(data, split, "corpus").size).toBe(9);
});

test("a score that is not finite stops the work and names the pair", async () => {
  const broken = tinyRequest({ scorePairs: async (pairs) => pairs.map(() => Number.NaN) });
  await expect(collect(buildPools(broken, "corpus"))).rejects.toThrow(/not finite.*NaN for query q0/);
  await expect(collect(buildPools(tinyRequest({ depth: 0 }), "nearest"))).rejects.toThrow(/depth/);
});
