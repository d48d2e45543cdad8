import { z } from "zod";
import type { EvaluationResult } from "../evaluate/systems.js";

// The files of a run folder, as far as the report reads them. Unknown keys are ignored, as the contract says.

const measure = z.object({ mean: z.number(), low: z.number(), high: z.number(), n: z.number() });

const system = z.object({
  name: z.string(),
  kind: z.enum(["model", "bm25", "tf-idf", "untrained", "fusion", "run"]),
  fingerprint: z.string(),
  measures: z.record(z.string(), measure),
});

const comparison = z.object({
  a: z.string(),
  b: z.string(),
  measure: z.string(),
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  p: z.number(),
  test: z.literal("randomisation"),
  resamples: z.number(),
  wins: z.number(),
  ties: z.number(),
  losses: z.number(),
});

const evaluationResult: z.ZodType<EvaluationResult> = z.object({
  data: z.object({
    fingerprint: z.string(),
    split: z.string(),
    queries: z.number(),
    documents: z.number(),
    kind: z.enum(["labelled", "scored", "texts"]).exactOptional(),
    lone: z.number().exactOptional(),
  }),
  systems: z.array(system).min(1),
  comparisons: z.array(comparison),
});

const text = z.object({ id: z.string(), text: z.string() });
const scoredText = text.extend({ score: z.number() });
const rank = z.number().nullish();

const example = z.object({
  query: text,
  relevant: z.array(text),
  ranks: z.object({ model: rank, bm25: rank }),
  top: z.object({ model: scoredText.nullish(), bm25: scoredText.nullish() }),
  delta: z.number(),
});

/** `RUN/evaluation.json`: the final evaluation with examples and scores of positives and negatives. */
export const evaluationFile = z.object({
  result: evaluationResult,
  examples: z.object({ won: z.array(example), lost: z.array(example) }).optional(),
  scores: z.object({ positive: z.array(z.number()), negative: z.array(z.number()) }).optional(),
});

const measured = z.union([z.number(), z.object({ mean: z.number() }).transform(({ mean }) => mean)]);

/** One line of `RUN/metrics.jsonl`; a refresh is a step number. */
export const metricsLine = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("step"),
    step: z.number(),
    epoch: z.number().optional(),
    loss: z.number(),
    learningRate: z.number(),
    gradientNorm: z.number().nullish(),
    telemetry: z.record(z.string(), z.number()).optional(),
  }),
  z.object({
    kind: z.literal("evaluation"),
    step: z.number(),
    split: z.string(),
    measures: z.record(z.string(), measured),
  }),
  z.object({ kind: z.literal("refresh"), step: z.number() }),
  z.object({ kind: z.literal("alarm"), step: z.number(), message: z.string() }),
]);

const candidate = z.object({
  id: z.string(),
  score: z.number(),
  rank: z.number(),
  probability: z.number(),
  drawn: z.number(),
  rejected: z.object({ filter: z.string(), value: z.number().nullable(), threshold: z.number().nullable() }).nullish(),
});

/** One line of `RUN/negatives/round-NNNN.jsonl.gz`. */
export const poolRecord = z.object({
  query: text,
  positives: z.array(z.object({ id: z.string(), score: z.number(), rank: z.number().nullable() })),
  similarity: z.string(),
  scale: z.number(),
  candidates: z.array(candidate),
  round: z.number(),
});

export type EvaluationFile = z.infer<typeof evaluationFile>;
export type Example = z.infer<typeof example>;
export type MetricsLine = z.infer<typeof metricsLine>;
export type PoolRecord = z.infer<typeof poolRecord>;
