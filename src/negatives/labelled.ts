import { inputError } from "../base/errors.js";
import { noProgress, type Progress } from "../base/progress.js";
import { rng, shuffle } from "../base/rng.js";
import { compareCodePoints } from "../base/text.js";
import type { LabelledItem } from "../base/types.js";
import type { Engine } from "../engine/types.js";
import type { Vectors } from "../search/products.js";
import { openDistances } from "./labelled-distances.js";
import { relationBetween } from "./labelled-relation.js";

/** Anchors of one product; with the references their scores are 2 MiB. */
const blockAnchors = 256;

/** What is chosen for an anchor, and among what. */
export interface LabelledStrategy {
  /** 1 − cos (default), or Euclidean. */
  readonly metric?: "cosine" | "l2";
  /** `hardest` (default): the farthest item that shares a label; `easiest`: the nearest; `semi-hard`: the farthest that is nearer than the negative. */
  readonly positive?: "hardest" | "easiest" | "semi-hard";
  /**
   * `hardest`: the nearest item that shares none; `semi-hard`: the nearest that is farther than the positive, by less than the margin. Default: semi-hard, beside a
   * semi-hard positive hardest.
   */
  readonly negative?: "hardest" | "semi-hard";
  /** Width of the semi-hard window in units of the distance; null: no upper bound. Default 0.2. */
  readonly margin?: number | null;
  /** An anchor without a semi-hard candidate is left out, or takes the hardest. Default `drop`. */
  readonly fallback?: "drop" | "hardest";
  /** Mines among so many items drawn at random; null (default): among all. */
  readonly subset?: number | null;
  /** Lets items of the anchor's own text be its positive or negative; default false. */
  readonly keepEqualText?: boolean;
}

export interface LabelledMiningOptions extends LabelledStrategy {
  /** Items of one split; those that share a label with none, or with all, are never anchors. */
  readonly items: readonly Pick<LabelledItem, "id" | "labels" | "text">[];
  /** Row-major [items, dimension]. */
  readonly vectors: Vectors;
  readonly dimension: number;
  readonly seed?: number;
  /** Computes the products; absent: plain loops, for a few thousand items at most. */
  readonly engine?: Engine | undefined;
  readonly progress?: Progress | undefined;
}

/** Rows of the items. Distances are those of the vectors as they are given, in float64. */
export interface MinedTriplet {
  readonly anchor: number;
  readonly positive: number;
  readonly negative: number;
  readonly positiveDistance: number;
  readonly negativeDistance: number;
  /** `fallback` where nothing was semi-hard. */
  readonly source: "asked" | "fallback";
}

/** What became of an anchor; `dropped` names the reason. */
export type MinedAnchor =
  | { readonly kind: "triplet"; readonly triplet: MinedTriplet }
  | {
      readonly kind: "dropped";
      readonly anchor: number;
      readonly reason: "no-positive" | "no-negative" | "no-semi-hard";
    };

/**
 * For every item the positive and the negative of a strategy each, over the whole set or a random part of it; in the order of the items. The set streams
 * through in blocks, so memory is bounded by a block. Equal distances: the lower id. Semi-hard is strict, d(a, p) < d(a, n) < d(a, p) + margin (Schroff
 * et al. 2015); only one side can be. Throws `bad-option` where both are, and on vectors that are not finite.
 */
export async function* mineLabelled(options: LabelledMiningOptions): AsyncGenerator<MinedAnchor> {
  const { items, vectors, dimension, progress = noProgress } = options;
  const { metric, positive, negative, margin, fallback } = labelledParameters(options);
  if (vectors.length !== items.length * dimension)
    throw inputError("bad-vectors", "every item needs a vector", {
      found: `${vectors.length} values`,
      expected: `${items.length} × ${dimension}`,
    });
  if (positive === "semi-hard" && negative === "semi-hard")
    throw inputError(
      "bad-option",
      "a semi-hard positive is beside a chosen negative, a semi-hard negative beside a chosen positive",
      {
        field: "negative",
        found: "semi-hard for both",
      },
    );
  const chosen = members(items.length, options);
  const order = chosen.slice().sort((a, b) => compareCodePoints(items[a]?.id ?? "", items[b]?.id ?? ""));
  const relate = relationBetween(items, options.keepEqualText === true);
  const nameOf = (row: number) => `item ${items[row]?.id}`;
  const distances = await openDistances({ vectors, dimension, metric, engine: options.engine, nameOf });
  const triplet = (anchor: number, p: number, n: number, source: MinedTriplet["source"]): MinedAnchor => ({
    kind: "triplet",
    triplet: {
      ...{ anchor, positive: p, negative: n, source },
      positiveDistance: distances.exact(anchor, p),
      negativeDistance: distances.exact(anchor, n),
    },
  });

  try {
    for (let start = 0; start < chosen.length; start += blockAnchors) {
      const anchors = chosen.subarray(start, start + blockAnchors);
      const farthest = bests(anchors.length, "largest");
      const nearest = bests(anchors.length, "smallest");
      const negatives = bests(anchors.length, "smallest");
      await distances.scan(anchors, order, (place, reference, distance) => {
        const kind = relate(anchors[place] ?? 0, reference);
        if (kind === "positive") {
          farthest.offer(place, reference, distance);
          nearest.offer(place, reference, distance);
        } else if (kind === "negative") negatives.offer(place, reference, distance);
      });
      const positives = positive === "easiest" ? nearest : farthest;
      const window = bests(anchors.length, positive === "semi-hard" ? "largest" : "smallest");
      const inside = (p: number, n: number) => p < n && (margin === null || n < p + margin);
      if (positive === "semi-hard" || negative === "semi-hard")
        await distances.scan(anchors, order, (place, reference, distance) => {
          const kind = relate(anchors[place] ?? 0, reference);
          if (positive === "semi-hard" && kind === "positive" && inside(distance, negatives.value(place)))
            window.offer(place, reference, distance);
          if (negative === "semi-hard" && kind === "negative" && inside(positives.value(place), distance))
            window.offer(place, reference, distance);
        });
      for (const [place, anchor] of anchors.entries()) {
        const [p, n, w] = [positives.place(place), negatives.place(place), window.place(place)];
        if (p === null) yield { kind: "dropped", anchor, reason: "no-positive" };
        else if (n === null) yield { kind: "dropped", anchor, reason: "no-negative" };
        else if (positive !== "semi-hard" && negative !== "semi-hard") yield triplet(anchor, p, n, "asked");
        else if (w !== null)
          yield positive === "semi-hard" ? triplet(anchor, w, n, "asked") : triplet(anchor, p, w, "asked");
        else if (fallback === "drop") yield { kind: "dropped", anchor, reason: "no-semi-hard" };
        else yield triplet(anchor, p, n, "fallback");
      }
      progress({ stage: "mine", done: start + anchors.length, total: chosen.length });
    }
  } finally {
    await distances.close();
  }
}

/** The parameters with their defaults, as a manifest holds them. */
export function labelledParameters({ positive = "hardest", ...given }: LabelledStrategy): Required<LabelledStrategy> {
  return {
    metric: "cosine",
    positive,
    negative: positive === "semi-hard" ? "hardest" : "semi-hard",
    margin: 0.2,
    fallback: "drop",
    subset: null,
    keepEqualText: false,
    ...given,
  };
}

/** Rows to mine among, ascending. */
function members(count: number, { subset = null, seed = 1 }: LabelledMiningOptions): Int32Array {
  const all = Int32Array.from({ length: count }, (_, i) => i);
  if (subset === null || subset >= count) return all;
  if (!(Number.isInteger(subset) && subset >= 1))
    throw inputError("bad-option", "a subset has at least one item", { field: "subset", found: String(subset) });
  return Int32Array.from(shuffle([...all], rng(seed, "labelled-subset")).slice(0, subset)).sort();
}

/** Of each place the first reference with the largest or smallest distance. */
function bests(count: number, which: "largest" | "smallest") {
  const sign = which === "largest" ? 1 : -1;
  const best = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const found = new Int32Array(count).fill(-1);
  return {
    offer(place: number, reference: number, distance: number): void {
      if (sign * distance <= (best[place] as number)) return;
      best[place] = sign * distance;
      found[place] = reference;
    },
    /** NaN where there is none: nothing compares with it. */
    value: (place: number): number => (found[place] === -1 ? Number.NaN : sign * (best[place] as number)),
    place: (place: number): number | null => (found[place] === -1 ? null : (found[place] as number)),
  };
}
