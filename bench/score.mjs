// `nearmiss score` against trec_eval's own binary, both as whole processes on the same run of a million lines, in its order and shuffled, in turns.
//
//     TREC_EVAL=/path/to/trec_eval node bench/score.mjs [--lines 1000000] [--rounds 5] [--measures official]
//
// A Linux binary of trec_eval 9.0.4 lies in the jar of the PyPI package pyserini, as trec_eval/trec_eval-linux-amd64. Without TREC_EVAL the other side
// is left out. Where both print the same lines, but for iprec_at_recall (version 10 rounds its cut-offs otherwise), `equal` is true.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rng, shuffle } from "#nearmiss/base/rng.js";
import { machine, spread } from "./machine.mjs";

const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "5" },
    measures: { type: "string", default: "official" },
  },
});
const peer = process.env.TREC_EVAL;
const folder = mkdtempSync(join(tmpdir(), "nearmiss-score-"));
const at = (name) => join(folder, name);

/** 1,000 documents a query of a collection of MS MARCO's size, 20 judgements each, half of them found. */
function writeFiles(lines) {
  const generator = rng(1, "score");
  const run = [];
  const qrels = [];
  for (let query = 0; query * 1000 < lines; query++) {
    const found = new Set();
    while (found.size < Math.min(1000, lines - query * 1000)) found.add(generator.int(8_841_823));
    let score = 30;
    [...found].forEach((document, rank) => {
      score -= 0.02 * generator.float();
      run.push(`${100_000 + query} Q0 ${document} ${rank + 1} ${score.toFixed(6)} bm25\n`);
    });
    const judged = new Set([...found].filter((_, rank) => rank % 100 === 7));
    while (judged.size < 20) judged.add(generator.int(8_841_823));
    for (const document of judged) qrels.push(`${100_000 + query} 0 ${document} ${generator.int(4)}\n`);
  }
  writeFileSync(at("qrels.txt"), qrels.join(""));
  writeFileSync(at("ordered.run"), run.join(""));
  writeFileSync(at("shuffled.run"), shuffle(run, rng(2, "score")).join(""));
}

/** Wall seconds, processor seconds and peak memory of a whole process; the latter two where GNU time is there. */
function measured(command, args) {
  const timed = existsSync("/usr/bin/time");
  const start = performance.now();
  const done = spawnSync(
    timed ? "/usr/bin/time" : command,
    timed ? ["-f", "%U %S %M", "-o", at("time"), command, ...args] : args,
    {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    },
  );
  const seconds = (performance.now() - start) / 1000;
  if (done.status !== 0) throw new Error(`${command} failed: ${done.stderr}`);
  const [user, system, kib] = timed ? readFileSync(at("time"), "utf8").trim().split(" ").map(Number) : [];
  return { seconds, processorSeconds: user + system, peakBytes: kib * 1024, out: done.stdout };
}

const cli = fileURLToPath(new URL("../dist/cli/bin.js", import.meta.url));
const comparable = (out) =>
  out
    .trim()
    .split("\n")
    .filter((line) => !/^(iprec_at_recall|11pt_avg)/.test(line));

try {
  writeFiles(Number(values.lines));
  const orders = {};
  for (const order of ["ordered", "shuffled"]) {
    const sides = { nearmiss: [], trec_eval: [] };
    let equal = null;
    for (let round = 0; round < Number(values.rounds); round++) {
      const files = { qrels: at("qrels.txt"), run: at(`${order}.run`) };
      const mine = measured(process.execPath, [
        cli,
        "score",
        "--quiet",
        "--qrels",
        files.qrels,
        "--run",
        files.run,
        "--measures",
        values.measures,
      ]);
      sides.nearmiss.push(mine);
      if (peer === undefined) continue;
      const theirs = measured(peer, ["-m", values.measures, files.qrels, files.run]);
      sides.trec_eval.push(theirs);
      equal = JSON.stringify(comparable(mine.out)) === JSON.stringify(comparable(theirs.out));
    }
    const of = (side, key) =>
      sides[side].length === 0 || Number.isNaN(sides[side][0][key]) ? null : spread(sides[side].map((one) => one[key]));
    const ratio = (key) =>
      peer === undefined ? null : spread(sides.trec_eval.map((one, i) => one[key] / sides.nearmiss[i][key]));
    const side = (name) => ({
      seconds: of(name, "seconds"),
      processorSeconds: of(name, "processorSeconds"),
      peakBytes: of(name, "peakBytes"),
    });
    orders[order] = {
      nearmiss: side("nearmiss"),
      trec_eval: peer === undefined ? null : side("trec_eval"),
      timesFaster: ratio("seconds"),
      timesLessProcessor: ratio("processorSeconds"),
      equal,
    };
  }
  console.log(
    JSON.stringify({ machine: machine(), lines: Number(values.lines), measures: values.measures, orders }, null, 2),
  );
} finally {
  rmSync(folder, { recursive: true });
}
