import { z } from "zod";
import { max, type Tensor, where } from "../graph/index.js";
import { anyOf, largest, smallest } from "./choosing.js";
import { above, below, boundary, comparing, distancesOf } from "./comparing.js";
import { defineMiner } from "./define.js";

const strategy = z.enum(["easy", "hard", "semi-hard", "all"]);
const range = z.tuple([z.number().nullable(), z.number().nullable()]).default([null, null]);

/**
 * For each anchor one positive and one negative by a strategy each (or `all`). Easy: the nearest positive, the farthest negative; hard: the
 * other way round; semi-hard: the nearest negative beyond the chosen positive, or the farthest positive before the chosen negative. An anchor that
 * lacks either is left out. Xuan, Stylianou and Pless 2020 (easy positives); the ranges keep likely mistakes of labels away.
 */
export const batchEasyHard = defineMiner({
  name: "batch-easy-hard",
  options: z
    .strictObject({
      positive: strategy.default("easy"),
      negative: strategy.default("semi-hard"),
      /** Distances that a positive may have, bounds included; null: no bound. */
      positiveRange: range,
      /** Distances that a negative may have. */
      negativeRange: range,
      ...comparing("l2", true),
      boundary: boundary("strict"),
    })
    .refine(({ positive, negative }) => !ambiguous(positive, negative) && !ambiguous(negative, positive), {
      path: ["positive"],
      message: "semi-hard is beside one chosen row: the other strategy is easy or hard",
    }),
  select(batch, { positive, negative, positiveRange, negativeRange, boundary, ...space }) {
    const distances = distancesOf(batch, space);
    const pick = (mask: Tensor, which: "nearest" | "farthest" | "all") =>
      which === "all" ? mask : (which === "nearest" ? smallest : largest)(distances, mask);
    const positives = within(batch.positive, distances, positiveRange);
    const negatives = within(batch.negative, distances, negativeRange);
    const chosenPositive = () =>
      pick(positives, positive === "easy" ? "nearest" : positive === "hard" ? "farthest" : "all");
    const chosenNegative = () =>
      pick(negatives, negative === "hard" ? "nearest" : negative === "easy" ? "farthest" : "all");
    const [p, n] =
      positive === "semi-hard"
        ? [pick(positives.and(below(distances, distanceTo(chosenNegative()), boundary)), "farthest"), chosenNegative()]
        : negative === "semi-hard"
          ? [chosenPositive(), pick(negatives.and(above(distances, distanceTo(chosenPositive()), boundary)), "nearest")]
          : [chosenPositive(), chosenNegative()];
    return { kind: "pairs", positive: p.and(anyOf(n)), negative: n.and(anyOf(p)) };

    function distanceTo(one: Tensor): Tensor {
      return max(where(one, distances, Number.NEGATIVE_INFINITY), 1, { keepDims: true });
    }
  },
});

type Strategy = z.output<typeof strategy>;

function ambiguous(one: Strategy, other: Strategy): boolean {
  return one === "semi-hard" && (other === "semi-hard" || other === "all");
}

function within(mask: Tensor, distances: Tensor, [from, to]: readonly [number | null, number | null]): Tensor {
  const low = from === null ? mask : mask.and(distances.greaterOrEqual(from));
  return to === null ? low : low.and(distances.lessOrEqual(to));
}
