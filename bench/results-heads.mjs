// Heads on another model's vectors of queries and documents, against these vectors and BM25. Writes its section of docs/results.md.
//
//     node bench/results-heads.mjs [--model ../shared/pretrained/models/all-MiniLM-L6-v2] [--data ../shared/data/medquad] [--seeds 1,2,3] [--kept DIR] [--dry]
//
// Encoding is nearly all of the time; its vectors are kept in --kept.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { evaluate, load, loadData, train } from "nearmiss";
import { writeNpy } from "#nearmiss/data/vectors.js";
import { pValue } from "#nearmiss/report/figures.js";
import { meanAndDeviation } from "./labelled/arm.mjs";
import { writeSection } from "./labelled/section.mjs";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "../shared/pretrained/models/all-MiniLM-L6-v2" },
    data: { type: "string", default: "../shared/data/medquad" },
    seeds: { type: "string", default: "1,2,3" },
    kept: { type: "string", default: join(tmpdir(), "nearmiss-heads") },
    threads: { type: "string", default: "2" },
    dry: { type: "boolean", default: false },
  },
});
const threads = Number(values.threads);
const seeds = values.seeds.split(",").map(Number);
const heads = [
  ["linear", {}],
  ["residual, 128 hidden", { model: "residual" }],
  ["residual, 512 hidden", { model: "residual", hidden: [512] }],
  ["linear, in-batch negatives", { sampler: "in-batch" }],
];
const measures = ["ndcg@10", "hit@1", "recall@100"];

const data = await loadData(values.data);
const folder = mkdtempSync(join(tmpdir(), "nearmiss-heads-"));
const vectors = { queries: join(folder, "queries.npy"), documents: join(folder, "documents.npy") };
const model = await load(values.model, { threads, cache: values.kept });
for (const [kind, as] of [
  ["queries", "query"],
  ["documents", "document"],
]) {
  const items = [...data[kind].values()];
  const { data: all, dimension } = await model.encode(
    items.map(({ text }) => text),
    { as, progress: ({ done, total }) => console.error(`${kind}: ${done}/${total}`) },
  );
  const rows = items.map(({ id }, i) => ({ id, vector: all.subarray(i * dimension, (i + 1) * dimension) }));
  await writeNpy(vectors[kind], rows, [rows.length, dimension]);
}
await model.close();

const given = await evaluate({ data, vectors, measures: measures.join(","), baselines: ["bm25"], threads });
const found = [];
for (const [name, options] of heads) {
  const runs = [];
  for (const seed of seeds) {
    const out = join(folder, `${found.length}-${seed}`);
    const started = performance.now();
    const { evaluation } = await train({ data, vectors, out, seed, threads, ...options });
    const seconds = (performance.now() - started) / 1000;
    const test = evaluation.comparisons.find(({ b, measure }) => b === "vectors" && measure === "ndcg@10");
    runs.push({ seconds, test, measures: evaluation.systems[0].measures });
    console.error(`${name}, seed ${seed}: ${test.difference} (p ${test.p}), ${seconds} s`);
  }
  found.push({ name, runs });
}
rmSync(folder, { recursive: true });
if (values.dry) console.log(text());
else writeSection("A head on given vectors", "node bench/results-heads.mjs", text());

function text() {
  const fixed = ({ measures: of }) => measures.map((measure) => of[measure].mean.toFixed(3));
  const rows = [
    [`vectors of ${basename(values.model)}`, ...fixed(given.systems[0]), "–", "–", "–"],
    ["BM25", ...fixed(given.systems[1]), "–", "–", "–"],
    ...found.map(({ name, runs }) => [
      name,
      ...measures.map((measure) => meanAndDeviation(runs.map((run) => run.measures[measure].mean))),
      meanAndDeviation(runs.map(({ test }) => test.difference)),
      runs.map(({ test }) => pValue(test.p)).join(", "),
      meanAndDeviation(
        runs.map(({ seconds }) => seconds),
        1,
      ),
    ]),
  ];
  const head = ["", "nDCG@10", "Hit@1", "Recall@100", "against the vectors, nDCG@10", "p by seed", "seconds"];
  const { queries, documents } = given.data;
  return `${data.format} ${basename(values.data)}: ${queries.toLocaleString("en-US")} test queries, ${documents.toLocaleString("en-US")} documents. The vectors are encoded once; heads are trained on them by \`train --vectors\` with its
defaults. ${seeds.length} seeds, mean ± standard deviation. Seconds are those of the whole run, both evaluations and the report included.

${[head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")}`;
}
