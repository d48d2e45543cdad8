import { z } from "zod";
import { gather, type Tensor } from "../graph/index.js";
import { anyOf, given, largest, pairNoise, smallest } from "./choosing.js";
import { above, below, boundary, comparing, distancesOf } from "./comparing.js";
import { defineMiner } from "./define.js";
import { elements } from "./selection.js";
import type { LabelledBatch } from "./types.js";

const options = z
  .strictObject({
    /** Width of the window, in units of the distance; null: no upper bound, as in TensorFlow Addons. */
    alpha: z.number().min(0).nullable().default(0.2),
    /** Which negatives of a pair are candidates; see `candidates`. */
    window: z.enum(["semi-hard", "violating", "easy", "all"]).default("semi-hard"),
    /** Which of the candidates is taken. */
    choose: z.enum(["nearest", "farthest", "random"]).default("nearest"),
    /** What is done with a pair without candidates: leave it out, or take one of all its negatives. */
    fallback: z.enum(["drop", "hardest", "farthest", "random"]).default("drop"),
    ...comparing("l2-squared", true),
    boundary: boundary("strict"),
  })
  .refine(({ window, alpha }) => window !== "easy" || alpha !== null, {
    path: ["alpha"],
    message: "the window easy begins at alpha, which is null",
  });

type Options = z.output<typeof options>;

/**
 * All ordered positive pairs of the batch, each with one negative: FaceNet's online selection (Schroff et al. 2015, eq. 4). What is done
 * with a pair that has no semi-hard negative is told apart by no paper and done differently by every implementation: `fallback` says it.
 *
 * With other windows it is the selection of other implementations: `violating` with `random` is davidsandberg/facenet's, `all` with `nearest`
 * the hardest negative, `all` with `random` the plain triplets that it should be compared with.
 */
export const facenetSemiHard = defineMiner({
  name: "facenet-semi-hard",
  options,
  random: ({ choose, fallback }) => choose === "random" || fallback === "random",
  select(batch, options, noise) {
    const { anchor, positive } = batch.pairs;
    const { distances, negatives, candidates } = pairCandidates(batch, options);
    const pick = {
      nearest: (mask: Tensor) => smallest(distances, mask),
      hardest: (mask: Tensor) => smallest(distances, mask),
      farthest: (mask: Tensor) => largest(distances, mask),
      random: (mask: Tensor) => largest(pairNoise(given(noise), batch.pairs), mask),
    };
    const chosen = pick[options.choose](candidates);
    if (options.fallback === "drop") return { kind: "triplets", anchor, positive, negatives: chosen };
    const instead = pick[options.fallback](negatives).and(anyOf(candidates).not());
    return { kind: "triplets", anchor, positive, negatives: chosen.or(instead) };
  },
});

/**
 * For each positive pair (a, p) of the batch: distances of the anchor to the columns, its negatives, and those of them that are candidates:
 * `semi-hard` d(a, p) < d(a, n) < d(a, p) + alpha, `violating` d(a, n) < d(a, p) + alpha, `easy` d(a, n) > d(a, p) + alpha, or all. [pairs, columns] each.
 */
export function pairCandidates(
  batch: LabelledBatch,
  { alpha, window, boundary, ...space }: Pick<Options, "alpha" | "window" | "boundary" | "metric" | "normalize">,
): { readonly distances: Tensor; readonly negatives: Tensor; readonly candidates: Tensor } {
  const { anchor, positive, valid } = batch.pairs;
  const matrix = distancesOf(batch, space);
  const distances = gather(matrix, anchor);
  const toPositive = elements(matrix, anchor, positive).unsqueeze(1);
  const negatives = gather(batch.negative, anchor).and(valid.unsqueeze(1));
  const farther = () => above(distances, toPositive, boundary);
  const inside = alpha === null ? [] : [() => below(distances, toPositive.add(alpha), boundary)];
  const bounds = {
    "semi-hard": [farther, ...inside],
    violating: inside,
    easy: alpha === null ? [] : [() => above(distances, toPositive.add(alpha), boundary)],
    all: [],
  };
  return { distances, negatives, candidates: bounds[window].reduce((mask, bound) => mask.and(bound()), negatives) };
}
