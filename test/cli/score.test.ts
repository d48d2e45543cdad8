import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { nearmiss } from "./nearmiss.js";

const cwd = mkdtempSync(join(tmpdir(), "nearmiss-score-"));
afterAll(() => rmSync(cwd, { recursive: true }));
writeFileSync(join(cwd, "run.txt"), "q1 Q0 a 1 2 mine\nq1 Q0 b 2 1 mine\n__proto__ Q0 b 1 1 mine\n");
writeFileSync(join(cwd, "qrels.tsv"), "query-id\tcorpus-id\tscore\nq1\tb\t2\n__proto__\ta\t1\nq3\ta\t1\n");
const score = (...more: string[]) => nearmiss(["score", "--qrels", "qrels.tsv", "--run", "run.txt", ...more], { cwd });

test("three columns, as trec_eval prints them", () => {
  const { out, err, code } = score("--measures", "num_q,num_rel", "ndcg_cut.10", "--per-query");
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    "num_rel               \t__proto__\t1",
    "ndcg_cut_10           \t__proto__\t0.0000",
    "num_rel               \tq1\t1",
    "ndcg_cut_10           \tq1\t0.6309",
    "runid                 \tall\tmine",
    "num_q                 \tall\t2",
    "num_rel               \tall\t2",
    "ndcg_cut_10           \tall\t0.3155",
    "",
  ]);
  expect(err).toContain("--complete counts them as 0");
});

test("the object of the contract", () => {
  const { out } = score("-c", "-l", "2", "-J", "-M", "7", "-m", "map", "-q", "--json", "--quiet");
  const { command, result, warnings } = JSON.parse(out);
  expect(command).toBe("score");
  expect(result.options).toEqual({ complete: true, level: 2, judgedOnly: true, depth: 7 });
  expect(result.all).toEqual({ map: 1 / 3 });
  expect(Object.entries(result.queries)).toEqual([
    ["__proto__", { map: 0 }],
    ["q1", { map: 1 }],
    ["q3", { map: 0 }],
  ]);
  expect(warnings).toHaveLength(1);
  expect(JSON.parse(score("--json").out).result).not.toHaveProperty("queries");
});

test("bad usage", () => {
  const unknown = JSON.parse(score("--measures", "ndgc", "--json").out).error;
  expect([unknown.code, unknown.found]).toEqual(["unknown-measure", "ndgc"]);
  expect(nearmiss(["score", "--qrels", "none.txt", "--run", "run.txt"], { cwd })).toMatchObject({ code: 2 });
});
