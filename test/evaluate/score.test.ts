import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { collectWarnings } from "#nearmiss/base/warnings.js";
import { scoreRun } from "#nearmiss/evaluate/score.js";
import { parseTrecMeasures } from "#nearmiss/evaluate/trec-names.js";
import { readRunRows } from "#nearmiss/evaluate/trec-rows.js";

const folder = mkdtempSync(join(tmpdir(), "nearmiss-score-"));
let files = 0;
function file(text: string | Uint8Array, name = "txt"): string {
  files += 1;
  const path = join(folder, `${files}.${name}`);
  writeFileSync(path, text);
  return path;
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** trec_eval's rules once more, by the book: one query, lists of ids. */
function slow(
  run: readonly [string, number][],
  qrels: ReadonlyMap<string, number>,
  level: number,
): Record<string, number> {
  const ids = [...run].sort(([idA, a], [idB, b]) => b - a || byBytes(idB, idA)).map(([id]) => id);
  const isRelevant = (id: string): boolean => (qrels.get(id) ?? -1) >= level;
  const relevant = [...qrels.keys()].filter(isRelevant).length;
  const others = [...qrels.values()].filter((grade) => grade >= 0 && grade < level).length;
  const hitsIn = (k: number): number => ids.slice(0, k).filter(isRelevant).length;
  const gain = (grade: number | undefined, rank: number): number => Math.max(0, grade ?? 0) / Math.log2(rank + 1);
  const dcg = (grades: readonly (number | undefined)[]): number =>
    grades.reduce<number>((sum, grade, i) => sum + gain(grade, i + 1), 0);
  const ideal = [...qrels.values()].sort((a, b) => b - a);
  const over = (a: number, b: number): number => (b === 0 ? 0 : a / b);
  const first = ids.findIndex(isRelevant);
  let precisions = 0;
  let preferences = 0;
  ids.forEach((id, i) => {
    if (!isRelevant(id)) return;
    precisions += hitsIn(i + 1) / (i + 1);
    const above = ids.slice(0, i).filter((other) => !isRelevant(other) && (qrels.get(other) ?? -1) >= 0).length;
    preferences += above === 0 ? 1 : 1 - Math.min(above, relevant) / Math.min(others, relevant);
  });
  return {
    num_ret: ids.length,
    num_rel: relevant,
    num_rel_ret: hitsIn(ids.length),
    map: over(precisions, relevant),
    Rprec: over(hitsIn(relevant), relevant),
    bpref: over(preferences, relevant),
    recip_rank: first < 0 ? 0 : 1 / (first + 1),
    P_3: hitsIn(3) / 3,
    recall_3: over(hitsIn(3), relevant),
    ndcg: over(dcg(ids.map((id) => qrels.get(id))), dcg(ideal)),
    ndcg_cut_3: over(dcg(ids.slice(0, 3).map((id) => qrels.get(id))), dcg(ideal.slice(0, 3))),
    success_3: hitsIn(3) > 0 ? 1 : 0,
    set_F: over(2 * hitsIn(ids.length), ids.length + relevant),
  };
}

test("every measure of every query equals a slow recomputation: ties, negative grades, levels, depth, unjudged documents left out", async () => {
  const ids = ["9", "10", "1", "a", "Z", "é", "\u{1f600}", "\uffee", "__proto__"];
  const queries = ["q1", "q2", "q10"];
  const entry = <T>(value: fc.Arbitrary<T>) =>
    fc.uniqueArray(fc.tuple(fc.constantFrom(...queries), fc.constantFrom(...ids), value), {
      selector: ([query, id]) => `${query} ${id}`,
      minLength: 1,
    });
  const options = fc.record({
    level: fc.integer({ min: 1, max: 3 }),
    depth: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    judgedOnly: fc.boolean(),
    complete: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      entry(fc.constantFrom(1, 2, 2.5, -3)),
      entry(fc.integer({ min: -1, max: 3 })),
      options,
      async (lines, grades, given) => {
        const run = file(lines.map(([query, id, score]) => `${query} Q0 ${id} 1 ${score} tag\n`).join(""));
        const qrels = file(grades.map(([query, id, grade]) => `${query} 0 ${id} ${grade}\n`).join(""));
        const judged = new Set(grades.map(([query]) => query));
        const wanted = [...judged].filter((query) => given.complete || lines.some(([one]) => one === query)).sort();
        const scored = scoreRun({
          run,
          qrels,
          perQuery: true,
          ...given,
          measures: [Object.keys(slow([], new Map(), 1)).join(",")],
        });
        if (wanted.length === 0) return void (await expect(scored).rejects.toThrow("no query of the run is judged"));
        const { queries: found, all } = await scored;
        expect([...found!.keys()]).toEqual(wanted);
        const each = wanted.map((query) => {
          const known = new Map(grades.filter(([one]) => one === query).map(([, id, grade]) => [id, grade]));
          let own = lines.filter(([one]) => one === query).map(([, id, score]): [string, number] => [id, score]);
          own = own.sort(([idA, a], [idB, b]) => b - a || byBytes(idB, idA)).slice(0, given.depth);
          if (given.judgedOnly) own = own.filter(([id]) => (known.get(id) ?? -1) >= 0);
          return slow(own, known, given.level);
        });
        each.forEach((values, i) => {
          for (const [name, value] of Object.entries(values))
            expect(found!.get(wanted[i]!)![name], name).toBeCloseTo(value, 12);
        });
        for (const name of Object.keys(each[0]!)) {
          let total = each.reduce((sum, values) => sum + values[name]!, 0);
          // With -c trec_eval counts grades above 0 in this sum, whatever the level.
          if (name === "num_rel" && given.complete) total = grades.filter(([, , grade]) => grade > 0).length;
          expect(all[name], name).toBeCloseTo(name.startsWith("num_") ? total : total / each.length, 12);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("measures of a ranking worked out by hand", async () => {
  // Ranks: a relevant, b judged not, c in the pool but below 0, d unjudged, e relevant (grade 2); f relevant, not found.
  const run = file(["a 9", "b 8", "c 7", "d 6", "e 5"].map((line) => `q Q0 ${line.replace(" ", " 1 ")} t\n`).join(""));
  const qrels = file("q 0 a 1\nq 0 b 0\nq 0 c -1\nq 0 e 2\nq 0 f 1\n");
  const { all } = await scoreRun({ run, qrels, measures: ["all_trec"] });
  const near = (name: string, value: number): void => expect(all[name], name).toBeCloseTo(value, 12);
  near("map", (1 + 2 / 5) / 3);
  near("map_cut_5", (1 + 2 / 5) / 3);
  near("gm_map", (1 + 2 / 5) / 3);
  near("relative_P_5", 2 / 3);
  near("set_P", 2 / 5);
  near("set_relative_P", 2 / 3);
  near("set_recall", 2 / 3);
  near("set_map", (2 / 5) * (2 / 3));
  near("set_F", 1 / 2);
  near("num_nonrel_judged_ret", 1);
  near("iprec_at_recall_0.00", 1);
  near("iprec_at_recall_0.40", 1);
  // Half of three relevant documents is rounded to two.
  near("iprec_at_recall_0.50", 2 / 5);
  near("iprec_at_recall_0.90", 0);
  near("11pt_avg", (5 + 4 * (2 / 5)) / 11);
  near("infAP", (1 + 1 / 5 + (3 / 5) * ((1 + 1e-5) / (2 + 2e-5))) / 3);
  near("bpref", (1 + 0) / 3);
});

test("the geometric mean takes 0.00001 for nothing", async () => {
  const run = file("q Q0 a 1 1 t\np Q0 b 1 1 t\n");
  const qrels = file("q 0 a 1\np 0 a 1\n");
  expect((await scoreRun({ run, qrels, measures: ["gm_map"] })).all["gm_map"]).toBeCloseTo(Math.sqrt(1e-5), 12);
});

test("names of measures, as trec_eval and its output write them", () => {
  const names = (...texts: string[]): string[] => parseTrecMeasures(texts).map(({ name }) => name);
  expect(names("ndcg_cut.5,10,map", "P_3")).toEqual(["map", "P_3", "ndcg_cut_5", "ndcg_cut_10"]);
  expect(names("11pt_avg", "iprec_at_recall..5,1", "iprec_at_recall_0.10")).toEqual([
    "iprec_at_recall_0.10",
    "iprec_at_recall_0.50",
    "iprec_at_recall_1.00",
    "11pt_avg",
  ]);
  expect(names("success")).toEqual(["success_1", "success_5", "success_10"]);
  expect(names("official").length).toBe(10 + 11 + 8);
  expect(names()).toContain("ndcg_cut_10");
  expect(names("all_trec").length).toBeGreaterThan(60);
  for (const bad of ["ndgc", "map_5", "P_0", "P_1.5", "5", "map,5", "iprec_at_recall_2", ""])
    expect(() => parseTrecMeasures([bad]), bad).toThrow(/not known/);
});

test("what is left out is said, and counted", async () => {
  const run = file("q1 Q0 a 1 1 t\nq9 Q0 a 1 1 t\n");
  const qrels = file("q1 0 a 1.7\nq2 0 a 1\nq3 0 a 0.5\n");
  const warnings = collectWarnings();
  const { all } = await scoreRun({ run, qrels, measures: ["num_rel,num_q"], complete: true, warnings });
  expect(all).toEqual({ num_q: 3, num_rel: 2 });
  expect(warnings.list().map(({ code, count }) => [code, count])).toEqual([
    ["missing-queries", 2],
    ["unjudged-queries", 1],
    ["fractional-grades", 2],
  ]);
});

test("a document twice for one query is an error with its line, in the run and in the judgements, beyond the depth too", async () => {
  const once = "q 0 d 1\n";
  await expect(
    scoreRun({ run: file("q Q0 d 1 3 t\n\nq Q0 e 1 2 t\nq Q0 d 1 1 t\n"), qrels: file(once), depth: 1 }),
  ).rejects.toThrow(/:4: .*twice.*q d/);
  await expect(scoreRun({ run: file("q Q0 x 1 3 t\nq Q0 x 1 2 t\n"), qrels: file(once) })).rejects.toThrow(
    /:2: .*twice.*q x/,
  );
  await expect(scoreRun({ run: file("q Q0 d 1 3 t\n"), qrels: file(once + once) })).rejects.toThrow(/:2: .*twice.*q d/);
});

test("scores are read exactly as Number reads them", async () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.tuple(fc.integer(), fc.nat(999_999_999)).map(([a, b]) => `${a}.${b}`),
    fc.constantFrom(
      "1",
      "-0.0",
      "+5",
      "1e0",
      "-1.29751e+01",
      ".5",
      "5.",
      "00012.50",
      "123456789012345678",
      "0.1234567890123456789",
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 20 }), async (texts) => {
      const { values } = await readRunRows(file(texts.map((text, i) => `q Q0 d${i} 1 ${text} t`).join("\n")));
      expect([...values]).toEqual(texts.map(Number));
    }),
    { numRuns: 50 },
  );
  for (const bad of ["nan", "inf", "-", ".", "1.2.3", "x", "1,5"])
    await expect(readRunRows(file(`q Q0 d 1 ${bad} t`)), bad).rejects.toThrow(/finite number as score/);
});

test("a file of many blocks, its queries mixed, gzipped or not, is one file", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `q${i % 7}\tQ0  doc${i} 0 ${(i * 7919) % 1000} t\r\n`);
  const qrels = file(Array.from({ length: 7 }, (_, q) => `q${q} 0 doc${q + 7 * 1000} 1\n`).join(""));
  const plain = await scoreRun({ run: file(lines.join("")), qrels });
  expect(plain.all["num_ret"]).toBe(30_000);
  const mixed = lines.toSorted((a, b) => (a < b ? -1 : 1)).join("");
  expect((await scoreRun({ run: file(gzipSync(mixed), "gz"), qrels })).all).toEqual(plain.all);
});
