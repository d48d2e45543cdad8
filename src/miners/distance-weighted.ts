import { z } from "zod";
import { checkedOptions } from "../base/options.js";
import { gather, maximum, size, softmax, type Tensor, where } from "../graph/index.js";
import { anyOf, given, largest, pairNoise } from "./choosing.js";
import { distancesOf } from "./comparing.js";
import { defineMiner } from "./define.js";
import type { LabelledBatch } from "./types.js";

const options = z.strictObject({
  /** Distances below this count as this: the weights of very near negatives have too large a variance. */
  cutoff: z.number().positive().default(0.5),
  /** Negatives from this distance on are not drawn: they have no loss. Below 2, the diameter of the sphere. */
  nonzeroLossCutoff: z.number().positive().lt(2).default(1.4),
  /** What an anchor does whose negatives are all too far: draw any of them (the authors' code), or be left out. */
  withoutMass: z.enum(["uniform", "drop"]).default("uniform"),
});

type Options = z.output<typeof options>;

/**
 * One negative for every positive pair, drawn with the inverse density of distances on the sphere, so that all distances are seen equally
 * often. Wu et al. 2017, section 4.2.
 */
export const distanceWeighted = defineMiner({
  name: "distance-weighted",
  options,
  random: true,
  select(batch, options, noise) {
    const { anchor, positive, valid } = batch.pairs;
    const { drawn, logWeights } = weights(batch, options);
    const far = batch.negative.and(anyOf(drawn).not());
    const candidates = options.withoutMass === "drop" ? drawn : drawn.or(far);
    // Gumbel-max: the largest of log weight − log(−log u) is a draw by weight.
    const gumbel = pairNoise(given(noise), batch.pairs).log().neg().log().neg();
    const scores = gather(where(drawn, logWeights, 0), anchor).add(gumbel);
    return {
      kind: "triplets",
      anchor,
      positive,
      negatives: largest(scores, gather(candidates, anchor).and(valid.unsqueeze(1))),
    };
  },
});

/** Probability of each negative of being drawn for its row, [rows, columns]; all 0 in a row without mass. */
export function distanceWeights(batch: LabelledBatch, chosen: z.input<typeof options> = {}): Tensor {
  const { drawn, logWeights } = weights(batch, checkedOptions("distance weights", options, chosen));
  return softmax(where(drawn, logWeights, Number.NEGATIVE_INFINITY), 1);
}

/** ln 1/q(d), q(d) ∝ d^(D−2) (1 − d²/4)^((D−3)/2), and where it holds. */
function weights({ embeddings, references, negative }: LabelledBatch, { cutoff, nonzeroLossCutoff }: Options) {
  const dimension = size(embeddings.length(1));
  const distances = maximum(distancesOf({ embeddings, references }, { metric: "l2", normalize: true }), cutoff);
  const drawn = negative.and(distances.less(nonzeroLossCutoff));
  const d = where(drawn, distances, 1);
  const beside = d.square().mul(-0.25).add(1).log().mul(dimension.sub(3)).mul(-0.5);
  return { drawn, logWeights: d.log().mul(dimension.sub(2).neg()).add(beside) };
}
