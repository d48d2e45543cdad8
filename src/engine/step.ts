import { inputError } from "../base/errors.js";
import { clipFactor } from "./clip.js";
import { nonFinite } from "./errors.js";
import type { Executable } from "./executable.js";
import { squaredNorm } from "./gradients.js";
import type { Block, Host } from "./host.js";
import type { OptimiserState, ParameterGradient } from "./optimiser.js";
import type { HostTensor, StepRequest, StepResult } from "./types.js";
import { type WeightSet, weightOf } from "./weights.js";

type Batch = StepRequest["microBatches"][number];

/** Throws `missing-weight` or `missing-input` when a run lacks what its graph reads. */
export function checkFits<B extends Block>(executable: Executable<B>, weights: WeightSet<B>, feeds: Batch): void {
  for (const name of executable.parameters) weightOf(weights, name);
  const missing = executable.inputs.find((name) => !Object.hasOwn(feeds, name));
  if (missing !== undefined) throw inputError("missing-input", "an input is missing", { field: missing });
}

/**
 * One training step: forward and backward of each micro-batch, the mean or sum of their gradients, norm, clipping, update. Nothing is
 * changed before all of it is known to be finite and the optimiser has its memory.
 */
export async function trainStep<B extends Block>(
  host: Host<B>,
  executable: Executable<B>,
  weights: WeightSet<B>,
  optimiser: OptimiserState<B>,
  { microBatches, reduction = "mean", learningRate, maxNorm, dropout }: StepRequest,
): Promise<StepResult> {
  if (microBatches.length === 0) throw inputError("empty-batch", "a step needs at least one micro-batch");
  if (!(learningRate >= 0 && Number.isFinite(learningRate))) {
    throw inputError("bad-optimiser", "the learning rate must be a finite number from 0", {
      found: String(learningRate),
    });
  }
  for (const name of executable.gradients.keys()) weightOf(weights, name);
  for (const feeds of microBatches) checkFits(executable, weights, feeds);
  const sum = weights.gradients.begin(executable.gradients);
  try {
    const outputs: StepResult["outputs"][number][] = [];
    for (const [microBatch, feeds] of microBatches.entries()) {
      const key = dropout === undefined ? {} : { dropout: { ...dropout, microBatch } };
      const run = await executable.run({ feeds, weights: weights.tensors, gradients: sum.targets(), ...key });
      try {
        checkLoss(run.outputs);
        sum.add(run.rows);
        outputs.push(run.outputs);
      } finally {
        run.release();
      }
    }
    const scale = reduction === "sum" ? 1 : 1 / microBatches.length;
    const gradients = sum.result();
    const gradientNorm = scale * finiteNorm(host, gradients);
    optimiser.apply(gradients, learningRate, scale * clipFactor(gradientNorm, maxNorm));
    return { outputs, gradientNorm };
  } finally {
    sum.clear();
  }
}

/** Throws `non-finite` unless the output `loss`, where there is one, is finite. */
export function checkLoss({ loss }: Readonly<Record<string, HostTensor>>): void {
  const wrong = loss?.data.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw nonFinite("the loss", wrong);
}

/** The Euclidean norm over all gradients. Throws `non-finite` naming the first parameter to blame. */
function finiteNorm<B extends Block>(host: Host<B>, gradients: readonly ParameterGradient<B>[]): number {
  let sum = 0;
  for (const gradient of gradients) {
    const squares = squaredNorm(host, gradient);
    if (!Number.isFinite(squares)) throw nonFinite(`the gradient of ${gradient.name}`, squares);
    sum += squares;
  }
  return Math.sqrt(sum);
}
