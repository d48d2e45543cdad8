// A pretrained encoder on questions and answers of another field: as it comes; after one in-batch epoch, beside the same epoch of
// sentence-transformers in the same run; and continued with drawn negatives for as many further steps as in-batch. Writes docs/results.md.
//
//     node bench/results-minilm.mjs [MODEL [DATA]] [--seeds 1] [--steps 204] [--further 102] [--work DIR] [--out docs/results.md] [--no-peer]
//
// Takes about an hour and a half on two cores for one seed. Finished parts in DIR are not made again.
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { collectWarnings, evaluate, loadData, train } from "nearmiss";
import { trainingRows } from "#nearmiss/data/rows.js";
import { pPhrase, signed } from "#nearmiss/report/figures.js";
import { keep } from "./kept.mjs";
import { resultsPage, writeSection } from "./labelled/section.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    seeds: { type: "string", default: "1" },
    /** Absent: one epoch. */
    steps: { type: "string" },
    /** Absent: half of the first. */
    further: { type: "string" },
    batch: { type: "string", default: "64" },
    threads: { type: "string", default: "2" },
    work: { type: "string" },
    out: { type: "string", default: resultsPage },
    peer: { type: "boolean", default: true },
  },
});
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const source = positionals[1] ?? "../shared/data/medquad";
const work = values.work ?? mkdtempSync(join(tmpdir(), "nearmiss-minilm-"));
const [batchSize, threads] = [values.batch, values.threads].map(Number);
const measures = ["ndcg@10", "recall@100", "hit@1"];

const data = await loadData(source);
const rows = [...trainingRows(data, "train")];
const steps = Number(values.steps ?? Math.ceil(rows.length / batchSize));
const further = Number(values.further ?? Math.ceil(steps / 2));
const common = { data, batchSize, warmup: 0.1, dropout: 0, maxLength: 256, threads, loss: "mnrl" };

/** Trains into `work` unless it is there; seconds are those of the updates. */
async function trained(name, options) {
  const out = join(work, name);
  return keep(join(work, `${name}.json`), async () => {
    console.error(name);
    const begun = existsSync(join(out, "manifest.json")) ? { resume: true } : { force: true };
    await train({ ...common, ...options, ...begun, out, evalEvery: options.steps, warnings: collectWarnings() });
    const log = readFileSync(join(out, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const updates = log.filter(({ kind }) => kind === "step");
    const seconds = updates.reduce((sum, { timing }) => sum + timing.seconds, 0);
    return { model: join(out, "model"), steps: updates.length, seconds };
  });
}

/** The same rows by sentence-transformers' trainer, every option as here. */
async function peerEpoch(name, seed) {
  const out = join(work, name);
  return keep(join(work, `${name}.json`), async () => {
    console.error(name);
    const text = (doc) => [doc.title, doc.text].filter(Boolean).join(" ");
    const pairs = rows
      .slice(0, steps * batchSize)
      .map(({ queryId, positiveId }) => [data.queries.get(queryId).text, text(data.documents.get(positiveId))]);
    const request = { model, out, pairs, batchSize, learningRate: 5e-5, warmup: 0.1, maxLength: 256, seed, threads };
    return { model: out, ...runPeer("minilm_epoch.py", request, threads) };
  });
}

const runs = [];
for (const seed of values.seeds.split(",").map(Number)) {
  const epoch = await trained(`epoch-${seed}`, { model, seed, sampler: "in-batch", steps, learningRate: 5e-5 });
  const peer = values.peer ? await peerEpoch(`sentence-transformers-${seed}`, seed) : null;
  const next = { model: epoch.model, seed, steps: further, learningRate: 2e-5 };
  const inBatch = await trained(`in-batch-${seed}`, { ...next, sampler: "in-batch" });
  const simans = await trained(`simans-${seed}`, { ...next, sampler: "simans", filters: ["perc-pos=0.95"], count: 1 });
  console.error("evaluation");
  const evaluation = await keep(join(work, `evaluation-${seed}.json`), () =>
    evaluate({
      data,
      model: simans.model,
      name: "SimANS",
      beside: [
        { name: "in-batch, further steps", model: inBatch.model },
        { name: "in-batch epoch", model: epoch.model },
        ...(peer === null ? [] : [{ name: "sentence-transformers", model: peer.model }]),
        { name: "as it comes", model },
      ],
      baselines: ["bm25"],
      measures: measures.join(","),
      depth: 100,
      threads,
      warnings: collectWarnings(),
    }),
  );
  runs.push({ seed, epoch, peer, inBatch, simans, evaluation });
}

const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
function spread(numbers, digits) {
  const deviation = Math.sqrt(
    mean(numbers.map((x) => (x - mean(numbers)) ** 2)) * (numbers.length / (numbers.length - 1)),
  );
  return mean(numbers).toFixed(digits) + (numbers.length > 1 ? ` ± ${deviation.toFixed(digits)}` : "");
}

/** A line of the table: measures of a system, and what its training took beyond the line that it continues. */
function line(words, name, timed) {
  const system = (run) => run.evaluation.systems.find((one) => one.name === name);
  const cells = measures.map((measure) =>
    spread(
      runs.map((run) => system(run).measures[measure].mean),
      4,
    ),
  );
  const times =
    timed === undefined
      ? ["–", "–"]
      : [
          timed(runs[0]).steps,
          spread(
            runs.map((run) => timed(run).seconds / 60),
            1,
          ),
        ];
  return `| ${[words, ...cells, ...times].join(" | ")} |`;
}

function compared(name) {
  return runs
    .map(({ seed, evaluation }) => {
      const { difference, low, high, p } = evaluation.comparisons.find(
        (one) => one.b === name && one.measure === "ndcg@10",
      );
      return `seed ${seed}: ${signed(difference, 4)} (${low.toFixed(4)} … ${high.toFixed(4)}), ${pPhrase(p)}`;
    })
    .join("; ");
}

/** Runs that ended with the weights that they began with. */
const stayed = runs.flatMap(({ seed, inBatch, simans }) =>
  [
    ["in-batch", inBatch],
    ["SimANS", simans],
  ].flatMap(([name, { model: folder }]) => {
    const { result } = JSON.parse(readFileSync(join(folder, "../manifest.json"), "utf8"));
    return result.best.step === 0 ? [`seed ${seed}: the further ${name} steps ended where they began`] : [];
  }),
);
const theirs = runs.every(({ peer }) => peer !== null);
const versions = theirs ? runs[0].peer.versions : null;
const seedWords =
  runs.length === 1
    ? "**One seed**: differences of some thousandths may be chance"
    : `${runs.length} seeds, mean ± standard deviation`;
const epochWords = steps < Math.ceil(rows.length / batchSize) ? `${steps} steps` : "one epoch";
writeSection(
  "A pretrained encoder on a field of its own",
  "node bench/results-minilm.mjs",
  `all-MiniLM-L6-v2 on MedQuAD, split by topic: ${rows.length} training pairs, ${runs[0].evaluation.data.queries} test questions over ${data.documents.size} answers. First, ${epochWords} of
in-batch negatives at batch ${batchSize}, learning rate 5e-5 with 10 % warm-up, no dropout, at most 256 tokens; then ${further} further steps at 2e-5 from there, in-batch or with one SimANS negative a question (PercPos 0.95, drawn from training documents). The development split decides
which weights a run ends with, those after its last step or those it began with${stayed.length === 0 ? "" : `; ${stayed.join("; ")}`}.
${seedWords}. Minutes are those of the updates${theirs ? ", of sentence-transformers those of its trainer, in the same run" : ""}.

| | nDCG@10 | recall@100 | hit@1 | steps | minutes |
|---|---|---|---|---|---|
${[
  line("BM25", "bm25"),
  line("as it comes", "as it comes"),
  ...(theirs
    ? [
        line(
          `sentence-transformers ${versions["sentence-transformers"]}, torch ${versions.torch}`,
          "sentence-transformers",
          ({ peer }) => peer,
        ),
      ]
    : []),
  line("nearmiss, in-batch epoch", "in-batch epoch", ({ epoch }) => epoch),
  line("… and further in-batch", "in-batch, further steps"),
  line("… and further with SimANS", "SimANS"),
].join("\n")}

SimANS against as many further in-batch steps, nDCG@10: ${compared("in-batch, further steps")}. Against the epoch alone: ${compared("in-batch epoch")}.${
    theirs
      ? ` The epoch took ${spread(
          runs.map(({ epoch, peer }) => peer.seconds / epoch.seconds),
          2,
        )} times less time than theirs.`
      : ""
  }
`,
  values.out,
);
console.error(`${values.out} written; models in ${work}`);
