import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { type ScoreOptions, scoreRun } from "#nearmiss/evaluate/score.js";

/** A binary of trec_eval 9 or 10, named by the environment. */
const peer = process.env["TREC_EVAL"];
const folder = mkdtempSync(join(tmpdir(), "nearmiss-peer-"));
afterAll(() => rmSync(folder, { recursive: true }));

const cases: readonly [readonly string[], Partial<ScoreOptions>][] = [
  [[], {}],
  [["-c"], { complete: true }],
  [["-l", "2"], { level: 2 }],
  [["-J"], { judgedOnly: true }],
  [["-M", "7"], { depth: 7 }],
  [["-c", "-J", "-M", "12", "-l", "3"], { complete: true, judgedOnly: true, depth: 12, level: 3 }],
];

test.skipIf(peer === undefined).each(cases)(
  "trec_eval's own binary prints the same with %j",
  async (flags, options) => {
    const generator = rng(1, "peer");
    const [run, qrels] = [join(folder, "run.txt"), join(folder, "qrels.txt")];
    const lines = { run: [] as string[], qrels: [] as string[] };
    for (let query = 0; query < 40; query++) {
      for (let id = 0; id < 60; id++) {
        // Few different scores: many ties. The last two queries are judged and not in the run, the first is found and not judged.
        if (query < 38 && generator.float() < 0.6) lines.run.push(`q${query} Q0 d${id} 0 ${generator.int(9) - 4} t\n`);
        if (query > 0 && generator.float() < 0.4) lines.qrels.push(`q${query} 0 d${id} ${generator.int(4)}\n`);
      }
    }
    writeFileSync(run, lines.run.join(""));
    writeFileSync(qrels, lines.qrels.join(""));
    const printed = execFileSync(peer as string, ["-q", "-m", "all_trec", ...flags, qrels, run], { encoding: "utf8" });
    const { all, queries } = await scoreRun({ run, qrels, measures: ["all_trec"], perQuery: true, ...options });
    let compared = 0;
    for (const [name = "", query = "", value] of printed
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t").map((one) => one.trim()))) {
      const mine = (query === "all" ? all : queries?.get(query))?.[name];
      // Version 9 rounds the cut-offs of recall in another way.
      if (mine === undefined || /^(iprec_at_recall|11pt_avg)/.test(name)) continue;
      expect(Math.abs(mine - Number(value)), `${name} of ${query}`).toBeLessThan(0.0000501);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(37 * 40);
  },
);
