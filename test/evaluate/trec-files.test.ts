import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Hits } from "#nearmiss/base/types.js";
import { readQrels, readRun, writeRun } from "#nearmiss/evaluate/trec-files.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-trec-"));
let files = 0;
function file(text: string): string {
  files += 1;
  const path = join(folder, `${files}.txt`);
  writeFileSync(path, text);
  return path;
}

const plain = (hits: ReadonlyMap<string, Hits>) =>
  [...hits].map(([query, { ids, scores }]) => [query, ids, [...scores]]);

test("what is written is read back to the bit, gzipped too", async () => {
  const id = fc.stringMatching(/^[^\s#]+$/u);
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(
        fc.tuple(
          id,
          fc.uniqueArray(id, { minLength: 1, maxLength: 5 }),
          fc.array(fc.double({ noNaN: true, min: -1e300, max: 1e300 })),
        ),
        { selector: ([query]) => query, minLength: 1, maxLength: 4 },
      ),
      async (queries) => {
        const hits = new Map(
          queries.map(([query, ids, scores]) => {
            const sorted = ids.map((_, i) => scores[i] ?? -i * 1e-9).sort((a, b) => b - a);
            // Distinct scores: the order of ties is the reader's.
            const distinct = sorted.filter((score, i) => i === 0 || score !== sorted[i - 1]);
            return [query, { ids: ids.slice(0, distinct.length), scores: Float64Array.from(distinct, (s) => s + 0) }];
          }),
        );
        for (const name of ["run.txt", "run.txt.gz"]) {
          const path = join(folder, name);
          await writeRun(path, hits, "my model");
          expect(plain(await readRun(path))).toEqual(plain(hits));
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("the six fields, with the shortest floats", async () => {
  const path = join(folder, "six.trec.gz");
  await writeRun(path, new Map([["q1", { ids: ["b", "a"], scores: Float64Array.of(0.1 + 0.2, 1e-7) }]]), "tf idf");
  const text = gunzipSync(readFileSync(path)).toString("utf8");
  expect(text).toBe("q1 Q0 b 1 0.30000000000000004 tf_idf\nq1 Q0 a 2 1e-7 tf_idf\n");
  await expect(writeRun(path, new Map([["q 1", { ids: ["b"], scores: Float64Array.of(1) }]]), "t")).rejects.toThrow(
    /white space.*"q 1"/,
  );
});

test("ranks and line order do not count; ties go to the lower id", async () => {
  const path = file("q2 Q0 b 1 -1 t\n\n# note\nq1\tQ0  b 9 1.0 t\nq1 Q0 a 1 1e0 t\nq1 Q0 __proto__ 1 2 t");
  expect(plain(await readRun(path))).toEqual([
    ["q2", ["b"], [-1]],
    ["q1", ["__proto__", "a", "b"], [2, 1, 1]],
  ]);
});

test("bad runs are refused with their line", async () => {
  await expect(readRun(file("q Q0 d 1 2 t\nq Q0 e 1 2"))).rejects.toThrow(/:2: .*found: 5 fields; expected: six/);
  await expect(readRun(file("q Q0 d 1 nan t"))).rejects.toThrow(/:1: .*found: nan/);
  await expect(readRun(file("q Q0 d 1 1 t\nq Q0 d 2 0 t"))).rejects.toThrow(/:2: .*twice.*q d/);
  await expect(readRun(file("\n"))).rejects.toThrow(/no results/);
});

test("judgements of TREC and of BEIR", async () => {
  const want = [
    ["q2", [["d1", 1]]],
    [
      "q1",
      [
        ["d1", 0],
        ["d2", -2],
      ],
    ],
  ];
  const shown = (qrels: ReadonlyMap<string, ReadonlyMap<string, number>>) => [...qrels].map(([q, j]) => [q, [...j]]);
  expect(shown(await readQrels(file("q2 0 d1 1\nq1  0 d1\t0\nq1 0 d2 -2\n")))).toEqual(want);
  expect(shown(await readQrels(file("query-id\tcorpus-id\tscore\r\nq2\td1\t1\r\nq1\td1\t0\r\nq1\td2\t-2")))).toEqual(
    want,
  );
  expect(shown(await readQrels(file("query-id\tcorpus-id\tscore\nq 1\td 1\t2\n")))).toEqual([["q 1", [["d 1", 2]]]]);
  await expect(readQrels(file("q2 0 d1 1\nq2 d1 1"))).rejects.toThrow(/:2: .*3 fields/);
  await expect(readQrels(file("q2 0 d1 high"))).rejects.toThrow(/field: grade; found: high/);
  await expect(readQrels(file("q2 0 d1 1\nq2 0 d1 0"))).rejects.toThrow(/twice/);
});
