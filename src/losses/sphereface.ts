import { z } from "zod";
import { type Tensor, where } from "../graph/index.js";
import type { LabelledBatch } from "../miners/types.js";
import { classCosines, classWeights } from "./class-margins.js";
import { defineLoss } from "./define.js";
import { classMask, crossEntropy, meanOf, meanOfRows, sumOf } from "./masked.js";
import type { LossOutput } from "./types.js";

const options = z.strictObject({
  /** m, by which the angle to the own class is multiplied. */
  margin: z.int().min(1).max(8).default(4),
  scale: z.number().positive().default(1),
});

type Options = z.output<typeof options>;

/**
 * Softmax over |x| cos θ to the class weights, where the own class has |x| ψ(θ), ψ(θ) = (−1)^k cos(mθ) − 2k for θ in [kπ/m, (k+1)π/m].
 * Liu et al. 2017, eq. 7 (SphereFace, A-Softmax). Vectors must not be normalised: their length is the temperature.
 */
export const sphereface = defineLoss({
  name: "sphereface",
  options,
  parameters: (sizes) => classWeights(sizes),
  build: {
    labelled: (batch, options, parameters) =>
      multiplied(batch, parameters("weights"), lengths(batch.embeddings).unsqueeze(1), options),
  },
});

/** The same with |w| |x| in the place of |x|. Liu et al. 2016, eq. 6 (L-Softmax). */
export const largeMarginSoftmax = defineLoss({
  name: "large-margin-softmax",
  options,
  parameters: (sizes) => classWeights(sizes),
  build: {
    labelled(batch, options, parameters) {
      const weights = parameters("weights");
      const both = lengths(batch.embeddings).unsqueeze(1).mul(lengths(weights).unsqueeze(0));
      return multiplied(batch, weights, both, options);
    },
  },
});

function multiplied(batch: LabelledBatch, weights: Tensor, lengths: Tensor, { margin, scale }: Options): LossOutput {
  const cosines = classCosines(batch, weights);
  const own = classMask(batch, weights.length(0));
  const factors = lengths.mul(scale).broadcastTo(cosines.shape);
  const target = psi(sumOf(cosines, own, 1), margin).mul(sumOf(factors, own, 1));
  return {
    loss: meanOfRows(crossEntropy(cosines.mul(factors), own, target), batch),
    telemetry: { positiveScore: meanOf(cosines, own), negativeScore: meanOf(cosines, own.not()) },
  };
}

/** ψ by the cosine: Chebyshev's polynomial for cos(mθ), its sign and step by the places kπ/m that lie before θ. */
function psi(cosine: Tensor, m: number): Tensor {
  let [before, polynomial] = [cosine.mul(0).add(1), cosine];
  for (let i = 1; i < m; i++) [before, polynomial] = [polynomial, cosine.mul(2).mul(polynomial).sub(before)];
  const passed = Array.from({ length: m - 1 }, (_, k) => cosine.lessOrEqual(Math.cos(((k + 1) * Math.PI) / m)));
  return passed
    .reduce((value, beyond) => where(beyond, value.neg(), value), polynomial)
    .sub(passed.reduce((k, beyond) => k.add(beyond.cast("float32")), cosine.mul(0)).mul(2));
}

const lengths = (x: Tensor): Tensor => x.square().sum(1).sqrt();
