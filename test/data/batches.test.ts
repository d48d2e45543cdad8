import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchSampler } from "#nearmiss/data/batches.js";
import { loadData } from "#nearmiss/data/load.js";
import { knownPositives, type TrainingRow, trainingRows } from "#nearmiss/data/rows.js";
import { folderWith, jsonl } from "./folder.js";

/** Rows over few queries and documents, so that they conflict often; one in three documents is unjudged. */
const someRows = fc.array(
  fc.record({
    queryId: fc.constantFrom("constructor", "__proto__", ..."abcdefgh"),
    positiveId: fc.constantFrom("constructor", ..."pqrstuvwxyz"),
    negativeIds: fc.array(fc.constantFrom(..."pqrstuvwxyz123456"), { maxLength: 2 }),
  }),
  { maxLength: 60 },
);

function positivesOf(rows: readonly TrainingRow[]): Map<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  for (const { queryId, positiveId } of rows) known.set(queryId, (known.get(queryId) ?? new Set()).add(positiveId));
  return known;
}

const documentsOf = (row: TrainingRow) => [row.positiveId, ...(row.negativeIds ?? [])];

/** The rule, said slowly. */
function conflict(a: TrainingRow, b: TrainingRow, known: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  return (
    a.queryId === b.queryId ||
    documentsOf(a).some((id) => documentsOf(b).includes(id) || known.get(b.queryId)?.has(id)) ||
    documentsOf(b).some((id) => known.get(a.queryId)?.has(id))
  );
}

describe("batches", () => {
  test("no two rows of a batch conflict; each row comes once; a short batch has no room for any row left out", () => {
    fc.assert(
      fc.property(someRows, fc.integer({ min: 1, max: 9 }), fc.nat(3), (rows, batchSize, epoch) => {
        const known = positivesOf(rows);
        const { batches, leftOut } = batchSampler({ rows, knownPositives: known, batchSize, seed: 5, epoch });
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(batchSize);
          expect(batch.length).toBeGreaterThanOrEqual(Math.min(2, batchSize));
          for (const [i, a] of batch.entries()) {
            for (const b of batch.slice(i + 1)) expect(conflict(a, b, known)).toBe(false);
          }
          // Smaller batches may give up looking before they have seen all of up to 60 rows.
          if (batch.length === batchSize || batchSize < 4) continue;
          for (const row of leftOut) expect(batch.some((other) => conflict(row, other, known))).toBe(true);
        }
        const seen = [...batches.flat(), ...leftOut];
        expect(seen.length).toBe(rows.length);
        expect(new Set(seen)).toEqual(new Set(rows));
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  test("without conflicts every row is in a batch and only the last is short", () => {
    const rows = Array.from({ length: 70 }, (_, i) => ({ queryId: `q${i}`, positiveId: `d${i}` }));
    const make = (batchSize: number) =>
      batchSampler({ rows, knownPositives: positivesOf(rows), batchSize, seed: 1, epoch: 0 });
    expect(make(32).batches.map((batch) => batch.length)).toEqual([32, 32, 6]);
    expect(make(23).batches.map((batch) => batch.length)).toEqual([23, 23, 23]);
    expect(make(23).leftOut.length).toBe(1);
    expect(make(1).batches.length).toBe(70);
  });

  test("batches depend on seed and epoch alone", () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({ queryId: `q${i}`, positiveId: `d${i % 13}` }));
    const order = (seed: number, epoch: number) =>
      JSON.stringify(batchSampler({ rows, knownPositives: positivesOf(rows), batchSize: 8, seed, epoch }));
    expect(order(1, 0)).toBe(order(1, 0));
    expect(order(1, 1)).not.toBe(order(1, 0));
    expect(order(2, 0)).not.toBe(order(1, 0));
  });

  test("duplicates are allowed on request", () => {
    const rows = Array.from({ length: 10 }, () => ({ queryId: "q", positiveId: "d" }));
    const options = { rows, knownPositives: positivesOf(rows), batchSize: 4, seed: 1, epoch: 0 };
    expect(batchSampler({ ...options, allowDuplicates: true }).batches.map((batch) => batch.length)).toEqual([4, 4, 2]);
    expect(batchSampler(options)).toEqual({ batches: [], leftOut: rows });
  });

  test("rows of one stock answer do not make a tail of tiny batches", () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({ queryId: `q${i}`, positiveId: i < 40 ? "stock" : `d${i}` }));
    const { batches, leftOut } = batchSampler({
      rows,
      knownPositives: positivesOf(rows),
      batchSize: 32,
      seed: 1,
      epoch: 0,
    });
    expect(batches.map((batch) => batch.length).slice(0, -1)).toEqual(new Array(batches.length - 1).fill(32));
    expect(leftOut.every(({ positiveId }) => positiveId === "stock")).toBe(true);
    expect(leftOut.length).toBe(40 - batches.length);
  });

  test("rows of similar length come together, in an order that does not follow length", () => {
    const rows = Array.from({ length: 640 }, (_, i) => ({ queryId: `q${i}`, positiveId: `d${i}` }));
    const lengths = rows.map((_, i) => (i * 37) % 101);
    const lengthOf = new Map(rows.map((row, i) => [row, lengths[i] as number]));
    const options = { rows, knownPositives: positivesOf(rows), batchSize: 16, seed: 3, epoch: 0 };
    const spreads = (grouped: boolean) =>
      batchSampler(grouped ? { ...options, lengths } : options).batches.map((batch) => {
        const own = batch.map((row) => lengthOf.get(row) as number);
        return Math.max(...own) - Math.min(...own);
      });
    expect(Math.max(...spreads(true))).toBeLessThan(6);
    expect(Math.min(...spreads(false))).toBeGreaterThan(40);
    const means = batchSampler({ ...options, lengths }).batches.map(
      (batch) => batch.reduce((sum, row) => sum + (lengthOf.get(row) as number), 0) / batch.length,
    );
    const rising = means.filter((mean, i) => i > 0 && mean > (means[i - 1] as number)).length;
    expect(rising).toBeGreaterThan(8);
    expect(rising).toBeLessThan(31);
  });

  test.each([
    ["distinct rows", (i: number) => ({ queryId: `q${i}`, positiveId: `d${i}` }), 1563, 0],
    ["few documents", (i: number) => ({ queryId: `q${i}`, positiveId: `d${i % 77}` }), 1500, 200],
    ["one document", (i: number) => ({ queryId: `q${i}`, positiveId: "d" }), 0, 100_000],
    ["few queries", (i: number) => ({ queryId: `q${i % 100}`, positiveId: `d${i}` }), 1500, 200],
  ])(
    "100,000 rows, %s, take a second or two, not minutes",
    (_what, row, atLeast, leftOutAtMost) => {
      const rows = Array.from({ length: 100_000 }, (_, i) => row(i));
      const options = { rows, knownPositives: positivesOf(rows), batchSize: 64, seed: 1, epoch: 0 };
      const { batches, leftOut } = batchSampler(options);
      expect(batches.length).toBeGreaterThanOrEqual(atLeast);
      expect(leftOut.length).toBeLessThanOrEqual(leftOutAtMost);
    },
    20_000,
  );
});

describe("training rows", () => {
  test("one row a query and relevant document, with the negatives given", async () => {
    const folder = folderWith({
      "corpus.jsonl": jsonl({ _id: "a", text: "a" }, { _id: "b", text: "b" }, { _id: "c", text: "c" }),
      "queries.jsonl": jsonl(
        { _id: "q", text: "Same text" },
        { _id: "r", text: "Same  text" },
        { _id: "s", text: "s" },
      ),
      "qrels/train.tsv": "query-id\tcorpus-id\tscore\nq\tb\t1\nq\ta\t2\nq\tc\t0\nr\tc\t1\n",
      "qrels/test.tsv": "query-id\tcorpus-id\tscore\ns\ta\t1\n",
    });
    const data = await loadData(folder);
    expect(trainingRows(data, "train")).toEqual([
      { queryId: "q", positiveId: "b" },
      { queryId: "q", positiveId: "a" },
      { queryId: "r", positiveId: "c" },
    ]);
    expect(() => trainingRows(data, "dev")).toThrow(/no split "dev"; found: test, train/);
    // Queries of equal text know each other's positives; judgements of other splits are not looked at.
    expect(knownPositives(data, ["train"])).toEqual(
      new Map([
        ["q", new Set(["b", "a", "c"])],
        ["r", new Set(["b", "a", "c"])],
      ]),
    );
    const triplets = folderWith({ "t.csv": "query_id,query,positive_id,positive,negative\nQ,q,P,p,n\nQ,q,O,o,\n" });
    const rows = trainingRows(await loadData(join(triplets, "t.csv")), "train");
    expect(rows.map(({ positiveId, negativeIds }) => [positiveId, negativeIds?.length])).toEqual([
      ["P", 1],
      ["O", 1],
    ]);
  });
});
