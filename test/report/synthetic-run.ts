import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { rng } from "#nearmiss/base/rng.js";

const topics = [
  "asthma",
  "glaucoma",
  "measles",
  "gout",
  "scurvy",
  "rickets",
  "anemia",
  "psoriasis",
  "migraine",
  "celiac disease",
];
const asks = [
  "What are the symptoms of",
  "How is it diagnosed:",
  "What causes",
  "Who is at risk of",
  "What are the treatments for",
];
const queryText = (i: number): string => `${asks[i % asks.length]} ${topics[i % topics.length]} (case ${i})?`;

/** Text of the documents that the synthetic run names. */
export function documentText(id: string): string {
  const i = Number(id.slice(1));
  return `${topics[i % topics.length]}: passage ${i} tells about causes, signs and care, and when to see a doctor. <b>Not markup</b> & "quotes".`;
}

/** Writes a run folder as training leaves it, with curves and scores that look like real ones; the same for a seed. */
export function writeSyntheticRun(folder: string, seed = 1): void {
  mkdirSync(join(folder, "negatives"), { recursive: true });
  const random = rng(seed, "synthetic-run");
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  write(
    "manifest.json",
    JSON.stringify({
      kind: "run",
      version: "0.1.0",
      seed,
      model: { start: { kind: "fresh" }, fingerprint: `sha256:${"4f".repeat(32)}` },
      result: { best: { step: 275, metric: "ndcg@10", value: 0.66 } },
      data: { fingerprint: `sha256:${"ab".repeat(32)}`, format: "BEIR folder", source: "medquad" },
      warnings: [{ code: "short-pool", message: "3 pools held fewer candidates than were asked for", count: 3 }],
      timing: { finished: "2026-11-21T14:40:00Z", seconds: 61.2 },
    }),
  );
  write(
    "config.json",
    JSON.stringify({
      data: "data/medquad",
      model: "static",
      loss: "mnrl",
      sampler: "simans",
      samplerParams: { a: 0.5 },
      filters: ["perc-pos=0.95"],
      batchSize: 512,
      metric: "ndcg@10",
      learningRate: 0.1,
      seed,
    }),
  );
  const lines: object[] = [];
  for (let step = 1; step <= 300; step++) {
    const harder = step > 150 ? 0.35 * Math.exp(-(step - 150) / 60) : 0;
    const loss = 0.6 + 3.2 * Math.exp(-step / 45) + harder + 0.06 * random.normal();
    const learningRate = 0.1 * (step < 30 ? step / 30 : (300 - step) / 270);
    lines.push({
      kind: "step",
      step,
      epoch: step / 30,
      loss,
      learningRate,
      gradientNorm: 1,
      telemetry: {},
      timing: { seconds: 0.1 },
    });
    if (step === 150 || step === 225) lines.push({ kind: "refresh", step, round: step === 150 ? 0 : 1 });
    if (step % 25 === 0) {
      const value = 0.66 - 0.45 * Math.exp(-step / 60) + (step > 150 ? 0.015 : 0) + 0.003 * random.normal();
      lines.push({ kind: "evaluation", step, split: "dev", measures: { "ndcg@10": value }, timing: { seconds: 1 } });
    }
  }
  write("metrics.jsonl", lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  for (const round of [0, 1]) {
    const pools = Array.from({ length: 60 }, (_, i) => pool(i, round, rng(seed, "pool", round, i)));
    write(`negatives/round-000${round}.jsonl.gz`, gzipSync(pools.map((one) => `${JSON.stringify(one)}\n`).join("")));
  }
  write("evaluation.json", JSON.stringify(evaluation(rng(seed, "evaluation"))));
}

type Random = ReturnType<typeof rng>;

function pool(i: number, round: number, random: Random): object {
  const positive = 0.72 + 0.08 * random.normal();
  const scores = Array.from(
    { length: 100 },
    (_, k) => 0.75 - 0.05 * Math.log(k + 1) * 1.6 + 0.01 * random.normal() - 0.04 * round,
  );
  scores.sort((a, b) => b - a);
  const weights = scores.map((score) =>
    score > 0.95 * positive ? 0 : Math.exp(-0.5 * ((score - positive) / 0.09 + 0.5) ** 2),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    query: { id: `q${i}`, text: queryText(i) },
    positives: [{ id: `d${i}`, score: positive, rank: 1 + (i % 4) }],
    similarity: "cosine",
    scale: 20,
    candidates: scores.map((score, k) => ({
      id: `d${1000 + i * 100 + k}`,
      score,
      rank: k + 1,
      probability: (weights[k] ?? 0) / total,
      drawn: weights[k] !== 0 && random.float() < (4 * (weights[k] ?? 0)) / total ? 1 : 0,
      rejected:
        weights[k] === 0
          ? { filter: "perc-pos", value: score, threshold: 0.95 * positive }
          : k === 17
            ? { filter: "equal-text", value: null, threshold: null }
            : null,
    })),
    round,
  };
}

function evaluation(random: Random): object {
  const names = ["ndcg@10", "mrr@10", "recall@10", "recall@100", "hit@1", "map@100"];
  const systems = (
    [
      ["static", "model", 0.655],
      ["bm25", "bm25", 0.556],
      ["tf-idf", "tf-idf", 0.531],
      ["untrained", "untrained", 0.312],
    ] as const
  ).map(([name, kind, base]) => ({
    name,
    kind,
    fingerprint: `sha256:${"4f".repeat(32)}`,
    measures: Object.fromEntries(
      names.map((measure, i) => {
        const mean = base + [0, 0.03, 0.12, 0.22, -0.09, -0.04][i]!;
        return [measure, { mean, low: mean - 0.018, high: mean + 0.018, n: 2000 }];
      }),
    ),
  }));
  const comparisons = systems.slice(1).flatMap(({ name, measures }) =>
    names.map((measure) => {
      const difference = systems[0]!.measures[measure]!.mean - measures[measure]!.mean;
      const counts = { wins: 840, ties: 760, losses: 400 };
      return {
        a: "static",
        b: name,
        measure,
        difference,
        low: difference - 0.02,
        high: difference + 0.02,
        p: 0.0001,
        test: "randomisation",
        resamples: 10000,
        ...counts,
      };
    }),
  );
  const example = (i: number, better: boolean): object => ({
    query: { id: `q${i}`, text: queryText(i) },
    relevant: [{ id: `d${i}`, text: documentText(`d${i}`) }],
    ranks: better ? { model: 1, bm25: 14 + i } : { model: 31 + i, bm25: i === 2 ? 1 : null },
    top: {
      model: { id: better ? `d${i}` : "d77", text: documentText("d77"), score: 0.81 },
      bm25: { id: "d78", text: documentText("d78"), score: 14.2 },
    },
    delta: better ? 0.8 : -0.6,
  });
  const normals = (mean: number, spread: number): number[] =>
    Array.from({ length: 800 }, () => mean + spread * random.normal());
  return {
    result: {
      data: { fingerprint: `sha256:${"ab".repeat(32)}`, split: "test", queries: 2000, documents: 16407 },
      systems,
      comparisons,
    },
    examples: { won: [0, 1, 3].map((i) => example(i, true)), lost: [2, 5].map((i) => example(i, false)) },
    scores: { positive: normals(0.74, 0.09), negative: normals(0.34, 0.12) },
  };
}
