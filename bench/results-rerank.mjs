// Retrieve, then rerank, measured as one system: a cross-encoder that begins with a pretrained encoder and learns from what the first stage finds. Writes its
// section of docs/results.md.
//
//     node bench/results-rerank.mjs [--encoder ../shared/pretrained/models/all-MiniLM-L6-v2] [--data ../shared/data/medquad] [--steps 100] [--depth 20] [--dry]
//
// Reading pairs takes its time: the measures are those of some of the test questions, over all documents.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { loadData, train } from "nearmiss";
import { rng, shuffle } from "#nearmiss/base/rng.js";
import { trainingRows } from "#nearmiss/data/rows.js";
import { count, measureName, pPhrase, signed } from "#nearmiss/report/figures.js";
import { writeSection } from "./labelled/section.mjs";

const { values } = parseArgs({
  options: {
    encoder: { type: "string", default: "../shared/pretrained/models/all-MiniLM-L6-v2" },
    data: { type: "string", default: "../shared/data/medquad" },
    steps: { type: "string", default: "100" },
    depth: { type: "string", default: "20" },
    dev: { type: "string", default: "60" },
    test: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: "2" },
    dry: { type: "boolean", default: false },
  },
});
const [steps, depth, threads] = [values.steps, values.depth, values.threads].map(Number);
const lists = 16;
const measures = ["ndcg@10", "hit@1", "mrr@10", "recall@10"];

const whole = await loadData(values.data);
/** The same data with `count` seeded queries of a split. */
function withFewer(data, name, count) {
  const split = data.splits.get(name);
  const kept = shuffle([...split.judgements], rng(1, "bench", "rerank", name)).slice(0, count);
  return { ...data, splits: new Map([...data.splits, [name, { ...split, judgements: new Map(kept) }]]) };
}
const data = withFewer(withFewer(whole, "dev", Number(values.dev)), "test", Number(values.test));

const folder = mkdtempSync(join(tmpdir(), "nearmiss-rerank-"));
const started = performance.now();
let updated = 0;
const { evaluation } = await train({
  data,
  model: "cross-encoder",
  encoder: values.encoder,
  out: join(folder, "run"),
  steps,
  maxLength: 256,
  rerankDepth: depth,
  devDepth: depth,
  batchSize: lists,
  seed: Number(values.seed),
  threads,
  progress: ({ stage, done, total }) => {
    if (stage === "train" && done === total) updated = (performance.now() - started) / 60_000;
    process.stderr.write(`\r${stage} ${done}/${total ?? "?"}   `);
  },
});
const minutes = (performance.now() - started) / 60_000;
rmSync(folder, { recursive: true });
if (values.dry) console.log(text());
else writeSection("Retrieve, then rerank", "node bench/results-rerank.mjs", text());

function text() {
  const names = {
    "bm25+rerank": `BM25, the first ${depth} reranked by the trained cross-encoder`,
    "bm25+untrained": `BM25, the first ${depth} reranked by the encoder under a new head, untrained`,
    bm25: "BM25",
    "tf-idf": "TF-IDF",
  };
  const order = ["bm25", "tf-idf", "bm25+untrained", "bm25+rerank"];
  const rows = order.map((name) => {
    const { measures: of } = evaluation.systems.find((system) => system.name === name);
    return [names[name], ...measures.map((measure) => of[measure].mean.toFixed(4))];
  });
  const head = ["", ...measures.map(measureName)];
  const share = ((100 * steps * lists) / trainingRows(whole, "train").length).toFixed(0);
  const test = evaluation.comparisons.find(({ b, measure }) => b === "bm25" && measure === "ndcg@10");
  return `${basename(values.encoder)} under a new head, trained for ${steps} steps of ${lists} lists, ${share} % of an epoch (a question, its answer, four others that BM25 found, drawn by SimANS) with the defaults of
\`train --model cross-encoder --encoder …\` and at most 256 tokens; measured on ${values.test} seeded test questions of ${basename(values.data)} over all ${count(whole.documents.size)} documents.
**One seed** (${values.seed}). ${minutes.toFixed(0)} minutes for the whole run, ${updated.toFixed(0)} of them until the last update.
What the same encoder does as a dual encoder after about as many minutes is [above](#a-pretrained-encoder-on-a-field-of-its-own), on all test questions: more. A cross-encoder must read every pair, and has seen little here.

${[head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")}

Against BM25 alone, nDCG@10: ${signed(test.difference, 4)} (${pPhrase(test.p)}).`;
}
