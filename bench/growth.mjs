// Cost as the work grows: time and peak memory of a whole run (reading, vocabulary, training with mined negatives, evaluation and report) on 1, 2, 4
// and 8 times the data. Each is a process of its own.
//
//     node bench/growth.mjs [DATA] [--pairs 1500] [--times 1,2,4,8] [--epochs 4] [--threads 2] [--figure FILE.svg]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadData, train } from "nearmiss";
import { rng, shuffle } from "#nearmiss/base/rng.js";
import { trainingRows } from "#nearmiss/data/rows.js";
import { growthFigure } from "./figure.mjs";
import { inOwnProcess, machine, peakBytes } from "./machine.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: "string", default: "1500" },
    times: { type: "string", default: "1,2,4,8" },
    epochs: { type: "string", default: "4" },
    threads: { type: "string", default: "2" },
    figure: { type: "string" },
    // Inside: the one multiple that this process measures.
    measure: { type: "string" },
  },
});
const source = positionals[0] ?? "../shared/data/medquad";
const [pairs, epochs, threads] = [values.pairs, values.epochs, values.threads].map(Number);

/** A run on so many pairs of the training split; those for evaluation are held out of them. */
async function measure(times) {
  const folder = mkdtempSync(join(tmpdir(), "nearmiss-growth-"));
  try {
    const data = await loadData(source);
    const rows = shuffle([...trainingRows(data, "train")], rng(1, "growth")).slice(0, pairs * times);
    if (rows.length < pairs * times) throw new Error(`the data has only ${rows.length} pairs, not ${pairs * times}`);
    const lines = rows.map(({ queryId, positiveId }) =>
      JSON.stringify({ query: data.queries.get(queryId).text, positive: data.documents.get(positiveId).text }),
    );
    const file = join(folder, "pairs.jsonl");
    writeFileSync(file, `${lines.join("\n")}\n`);
    const started = performance.now();
    const { steps } = await train({ data: file, out: join(folder, "run"), epochs, threads });
    return { times, pairs: rows.length, steps, seconds: (performance.now() - started) / 1000, peakBytes: peakBytes() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.measure !== undefined) console.log(JSON.stringify(await measure(Number(values.measure))));
else {
  const points = values.times.split(",").map((times) => inOwnProcess(import.meta.url, ["--measure", times]));
  if (values.figure !== undefined) writeFileSync(values.figure, growthFigure(points));
  console.log(JSON.stringify({ name: "growth", machine: machine(), threads, epochs, points }, null, 2));
}
