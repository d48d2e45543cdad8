// Which negatives help? All samplers continued from one warm checkpoint, with the same number of further steps and (but for the last
// arm) of documents read; paired seeds; the false negatives that each drew. Writes docs/results.md.
//
//     node bench/results.mjs [DATA] [--seeds 1,2,3] [--epochs 10] [--out docs/results.md]
//
// DATA is a BEIR folder; where it holds hard.jsonl.gz, `same_topic_same_qtype` lists answers that are probably relevant but not judged.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { bm25, collectWarnings, loadData, tfIdf } from "nearmiss";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { parseMeasures } from "#nearmiss/evaluate/measures.js";
import { judgedQueries, perQuery } from "#nearmiss/evaluate/per-query.js";
import { randomisationTests } from "#nearmiss/evaluate/randomisation.js";
import { retrieve } from "#nearmiss/evaluate/retrieve.js";
import { pPhrase, signed } from "#nearmiss/report/figures.js";
import { compareSamplers } from "#nearmiss/train/compare.js";
import { resolveConfig } from "#nearmiss/train/config.js";
import { putSection } from "./labelled/section.mjs";
import { machine } from "./machine.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "1,2,3" },
    epochs: { type: "string", default: "10" },
    out: { type: "string", default: "docs/results.md" },
    threads: { type: "string", default: "2" },
  },
});
const source = positionals[0] ?? "../shared/data/medquad";
const seeds = values.seeds.split(",").map(Number);
const measures = parseMeasures("ndcg@10,recall@100,hit@1");
const arms = [
  { name: "random", sampler: "random" },
  { name: "in-batch", sampler: "in-batch", batchSize: 1024 },
  { name: "top-k", sampler: "top-k" },
  { name: "top-k + PercPos", sampler: "top-k", filters: ["perc-pos=0.95"] },
  { name: "SimANS + PercPos", sampler: "simans", filters: ["perc-pos=0.95"] },
  { name: "SimANS + PercPos, 4 negatives", sampler: "simans", filters: ["perc-pos=0.95"], count: 4 },
];

const data = await loadData(source);
const split = data.splits.get("test");
const queries = judgedQueries(split);
const suspects = suspectedPositives();
const engine = await createEngine({ threads: Number(values.threads) });

const valuesOf = (hits) => perQuery(hits, split, queries, measures);
const mean = (column) => column.reduce((sum, value) => sum + value, 0) / column.length;

const fixed = [];
for (const [name, retriever] of [
  ["BM25", bm25(data.documents.values())],
  ["TF-IDF", tfIdf(data.documents.values())],
]) {
  fixed.push({ name, values: valuesOf(await retrieve(retriever, data, queries, 100)) });
}

const runs = [];
for (const seed of seeds) {
  const config = resolveConfig({ data: source, model: "static", seed, epochs: Number(values.epochs), count: 1 });
  let last = "";
  const progress = ({ stage, done, total }) => {
    if (stage !== last) console.error(`seed ${seed}: ${stage} ${done}/${total ?? "?"}`);
    last = stage;
  };
  const outcome = await compareSamplers({
    config,
    data,
    engine,
    arms,
    split: "test",
    warnings: collectWarnings(),
    progress,
  });
  runs.push({
    seed,
    systems: [outcome.untrained, outcome.warm, ...outcome.arms].map((arm) => ({
      name: arm.name,
      values: valuesOf(arm.hits),
      documentsRead: arm.documentsRead,
      seconds: arm.seconds,
      drawn: countDrawn(arm.drawn),
    })),
  });
}
await engine.close();
putSection("Which negatives help", page(), values.out);
console.error(`${values.out} written`);

function suspectedPositives() {
  const path = join(source, "hard.jsonl.gz");
  if (!existsSync(path)) return null;
  const lines = gunzipSync(readFileSync(path)).toString("utf8").split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => JSON.parse(line)).map((one) => [one["query-id"], new Set(one.same_topic_same_qtype)]),
  );
}

function countDrawn(drawn) {
  let total = 0;
  let suspect = 0;
  for (const [query, counts] of drawn) {
    for (const [id, times] of counts) {
      total += times;
      if (suspects?.get(query)?.has(id)) suspect += times;
    }
  }
  return { total, suspect };
}

function spread(numbers) {
  const average = mean(numbers);
  const deviation = Math.sqrt(
    numbers.reduce((sum, x) => sum + (x - average) ** 2, 0) / Math.max(1, numbers.length - 1),
  );
  return `${average.toFixed(4)} ± ${deviation.toFixed(4)}`;
}

function page() {
  const names = runs[0].systems.map(({ name }) => name);
  const of = (name) => runs.map((run) => run.systems.find((system) => system.name === name));
  const row = (name) => {
    const systems = of(name);
    const cells = measures.map((measure) => spread(systems.map((system) => mean(system.values.get(measure.name)))));
    const drawn = systems.reduce((sum, system) => sum + system.drawn.total, 0);
    const suspect = systems.reduce((sum, system) => sum + system.drawn.suspect, 0);
    const share =
      drawn === 0
        ? "–"
        : suspects === null
          ? "not known"
          : `${suspect} of ${drawn} (${((100 * suspect) / drawn).toFixed(2)} %)`;
    const read =
      systems[0].documentsRead === 0 ? "–" : String(Math.round(mean(systems.map((system) => system.documentsRead))));
    return `| ${name} | ${cells.join(" | ")} | ${read} | ${share} |`;
  };
  const fixedRow = ({ name, values: columns }) =>
    `| ${name} | ${measures.map((measure) => mean(columns.get(measure.name)).toFixed(4)).join(" | ")} | – | – |`;
  return `# Which negatives help

Made by \`node bench/results.mjs\` on ${new Date().toISOString().slice(0, 10)}; ${runs.length} paired seeds (${seeds.join(", ")}); ${describeMachine()}.

Data: MedQuAD (Ben Abacha and Demner-Fushman 2019; 15,791 answers of consumer-health sites), split by topic, so that no topic of a test
question was seen in training; ${queries.length} test questions. Static embeddings of 256 dimensions from nothing. Every arm
continues from the **same** warm checkpoint (in-batch negatives, half of the steps) for the same number of further steps, with the optimiser's state and the
schedule as they stood. One negative a row, but for the last arm; the in-batch arm has twice the rows a batch instead, so that it
reads as many documents. Means over seeds ± standard deviation. Negatives come from documents of the training split only.

| | nDCG@10 | recall@100 | hit@1 | documents read | unjudged answers of the same topic and kind among the drawn |
|---|---|---|---|---|---|
${fixed.map(fixedRow).join("\n")}
${names.map(row).join("\n")}

The last column counts draws that are probably relevant though nobody judged them: false negatives.

## What holds and what does not

Paired randomisation tests over queries, each query's value averaged over the seeds first; nDCG@10.

${orderings().join("\n")}
`;
}

/** The orderings that the literature leads one to expect, each with what was found. */
function orderings() {
  const averaged = (name) => {
    const found = fixed.find((one) => one.name === name);
    if (found !== undefined) return found.values.get("ndcg@10");
    const columns = runs.map((run) => run.systems.find((system) => system.name === name).values.get("ndcg@10"));
    return columns[0].map((_, i) => mean(columns.map((column) => column[i])));
  };
  const expected = [
    ["SimANS + PercPos", "BM25"],
    ["SimANS + PercPos", "in-batch"],
    ["SimANS + PercPos", "random"],
    ["SimANS + PercPos", "top-k"],
    ["SimANS + PercPos", "top-k + PercPos"],
    ["top-k + PercPos", "top-k"],
    ["top-k", "in-batch"],
    ["in-batch", "random"],
    ["SimANS + PercPos, 4 negatives", "SimANS + PercPos"],
  ];
  return expected.map(([a, b]) => {
    const [x, y] = [averaged(a), averaged(b)];
    const difference = x.map((value, i) => value - y[i]);
    const [{ p }] = randomisationTests([difference], 1, 10_000);
    const size = mean(difference);
    const words =
      size > 0 && p < 0.05
        ? "**holds**"
        : size < 0 && p < 0.05
          ? "**is reversed**"
          : "**does not hold** (no difference found)";
    return `- ${a} > ${b}: ${words}; ${signed(size, 4)}, ${pPhrase(p)}`;
  });
}

function describeMachine() {
  const { processor, cores, node } = machine();
  return `${processor}, ${cores} cores, Node ${node}`;
}
