import { inputError } from "../base/errors.js";
import type { Progress } from "../base/progress.js";
import type { Similarity } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import type { Engine } from "../engine/types.js";
import type { Vectors } from "../search/products.js";
import { clusterAgreement } from "./clustering.js";
import { compareSystems } from "./compare-systems.js";
import { type LabelledResult, measureLabelled, parseLabelledMeasures } from "./labelled-measures.js";
import type { ItemLabels } from "./labels.js";
import type { EvaluationResult, MeasuredMean, SystemKind } from "./results.js";
import { verificationMeasures, verifyItems } from "./verify-items.js";

/** A system's vectors of the items. */
export interface VectorSystem {
  readonly name: string;
  readonly kind: SystemKind;
  readonly fingerprint: string;
  /** Row-major [items, dimension]. */
  readonly vectors: Vectors;
  readonly dimension: number;
  readonly similarity: Similarity | "l2";
}

export interface LabelledEvaluationOptions {
  readonly data: { readonly fingerprint: string; readonly split: string };
  /** One entry an item. */
  readonly labels: readonly ItemLabels[];
  /** The system asked for comes first; the others are compared with it. */
  readonly systems: readonly VectorSystem[];
  readonly measures?: readonly string[];
  readonly engine?: Engine | undefined;
  readonly seed?: number;
  readonly resamples?: number;
  readonly warnings?: Warnings | undefined;
  readonly progress?: Progress | undefined;
}

export const defaultLabelledMeasures = ["precision@1", "r-precision", "map@r", "mrr", "recall@10", "nmi"];

const clustered = ["nmi", "ami"];

/** Throws `unknown-measure` on a name that measures no labelled items. */
export function checkLabelledMeasures(names: readonly string[]): void {
  parseLabelledMeasures(names.filter(isRanked));
}

const isVerified = (name: string): boolean => verificationMeasures.some((one) => one === name);
const isRanked = (name: string): boolean => !clustered.includes(name) && !isVerified(name);

/**
 * Measures systems on labelled items, each item against all others, and compares the first system with each other one. NMI and AMI belong to the whole set:
 * their interval is a jackknife's over the items with the clusters as they are. Verification has its own (see `verifyItems`). Neither is compared.
 */
export async function evaluateLabelled(options: LabelledEvaluationOptions): Promise<EvaluationResult> {
  const {
    data,
    labels,
    systems,
    measures = defaultLabelledMeasures,
    engine,
    seed = 1,
    resamples = 10_000,
    warnings,
  } = options;
  const ranked = parseLabelledMeasures(measures.filter(isRanked));
  const results: LabelledResult[] = [];
  const others: Readonly<Record<string, MeasuredMean>>[] = [];
  for (const { vectors, dimension, similarity } of systems) {
    const items = { vectors, labels };
    results.push(
      await measureLabelled({
        queries: items,
        dimension,
        similarity,
        engine,
        measures: ranked,
        progress: options.progress,
      }),
    );
    const ofClusters = measures.some((name) => clustered.includes(name));
    others.push({
      ...(ofClusters ? await clusterAgreement({ items, dimension, similarity, seed, engine }) : {}),
      ...(measures.some(isVerified) ? verifyItems({ items, dimension, seed }) : {}),
    });
  }
  const [first] = results;
  if (first === undefined) throw inputError("bad-option", "there is no system to evaluate", { field: "systems" });
  if (first.lone > 0)
    warnings?.add("lone-items", "items that share no label with another are left out of the means", first.lone);
  const compared = compareSystems(
    systems.map(({ name, kind, fingerprint }, i) => ({ name, kind, fingerprint, values: results[i]!.values })),
    ranked.map(({ name }) => name),
    { seed, resamples },
  );
  return {
    data: { ...data, kind: "labelled", queries: first.measured.length, documents: labels.length, lone: first.lone },
    systems: compared.systems.map((system, i) => ({
      ...system,
      measures: Object.fromEntries(measures.map((name) => [name, system.measures[name] ?? others[i]![name]!])),
    })),
    comparisons: compared.comparisons,
  };
}
