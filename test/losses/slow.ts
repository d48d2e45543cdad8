// The formulas of the papers as loops over numbers, one anchor, pair or triplet at a time.

import type { Example } from "../miners/batch.js";
import { distance, tables, unit } from "../miners/slow.js";
import type { Vectors } from "./labelled.js";

export interface Slow {
  readonly example: Example;
  readonly classes: readonly number[];
  readonly parameters: Readonly<Record<string, Vectors>>;
}

type Options = Readonly<Record<string, unknown>>;
export type Formula = (given: Slow, options: Options) => number;

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
/** 0 of nothing. */
export const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : sum(values) / values.length);
const dot = (a: readonly number[], b: readonly number[]) => sum(a.map((x, i) => x * (b[i] as number)));
const cos = (a: readonly number[], b: readonly number[]) => dot(unit(a), unit(b));
const hinge = (x: number) => Math.max(0, x);
const positives = (values: readonly number[]) => values.filter((x) => x > 0);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const radians = (degrees: number) => (degrees * Math.PI) / 180;
const number = (options: Options, name: string) => options[name] as number;

interface Anchor {
  readonly row: number;
  readonly x: readonly number[];
  readonly P: readonly (readonly number[])[];
  readonly N: readonly (readonly number[])[];
}

/** Each row with its positives and negatives, as vectors. */
function anchors({ example }: Slow, normalize = false): Anchor[] {
  const { positives, negatives } = tables(example, "l2", false);
  const vectors = [...example.rows, ...example.memory].map((x) => (normalize ? unit(x) : x));
  const at = (places: readonly number[] | undefined) => (places ?? []).map((j) => vectors[j] as readonly number[]);
  return example.rows.map((_, row) => ({
    row,
    x: vectors[row] as readonly number[],
    P: at(positives[row]),
    N: at(negatives[row]),
  }));
}

type Metric = Parameters<typeof distance>[2];
const complete = ({ P, N }: Anchor) => P.length > 0 && N.length > 0;

function triplets(given: Slow, { metric, normalize }: Options): [ap: number, an: number][] {
  return anchors(given, normalize === true).flatMap(({ x, P, N }) =>
    P.flatMap((p) =>
      N.map((n): [number, number] => [distance(x, p, metric as Metric), distance(x, n, metric as Metric)]),
    ),
  );
}

function hardest(given: Slow, { metric, normalize }: Options): number[] {
  return anchors(given, normalize === true)
    .filter(complete)
    .map(
      ({ x, P, N }) =>
        Math.max(...P.map((p) => distance(x, p, metric as Metric))) -
        Math.min(...N.map((n) => distance(x, n, metric as Metric))),
    );
}

/** Softmax cross-entropy with another number in the own class's place. */
const crossEntropy = (logits: readonly number[], own: number, target: number) =>
  Math.log(Math.exp(target) + sum(logits.filter((_, c) => c !== own).map(Math.exp))) - target;

/** The mean over rows of a loss of its vector, its class and the class's vectors. */
function ofClasses(
  given: Slow,
  name: string,
  loss: (x: readonly number[], own: number, weights: readonly (readonly number[])[]) => number,
): number {
  const weights = given.parameters[name] as readonly (readonly number[])[];
  return mean(given.example.rows.map((x, row) => loss(x, given.classes[row] as number, weights)));
}

const grouped = <T>(values: readonly T[], size: number) =>
  Array.from({ length: values.length / size }, (_, c) => values.slice(c * size, (c + 1) * size));

function psi(cosine: number, m: number): number {
  const theta = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const k = Math.min(m - 1, Math.floor((theta * m) / Math.PI));
  return (-1) ** k * Math.cos(m * theta) - 2 * k;
}

function multiplied(given: Slow, options: Options, ofWeight: (w: readonly number[]) => number): number {
  const [m, scale] = [number(options, "margin"), number(options, "scale")];
  return ofClasses(given, "weights", (x, own, weights) => {
    const lengths = weights.map((w) => scale * Math.hypot(...x) * ofWeight(w));
    const logits = weights.map((w, c) => cos(x, w) * (lengths[c] as number));
    return crossEntropy(logits, own, psi(cos(x, weights[own] as readonly number[]), m) * (lengths[own] as number));
  });
}

const arc = (cosine: number, degrees: number) => {
  const [theta, m] = [Math.acos(Math.min(1, Math.max(-1, cosine))), radians(degrees)];
  return theta > Math.PI - m ? cosine - m * Math.sin(m) : Math.cos(theta + m);
};

/** Triangular histogram on the centres from … to. */
function histogram(values: readonly number[], from: number, to: number, bins: number): number[] {
  const width = (to - from) / bins;
  return Array.from({ length: bins + 1 }, (_, k) =>
    sum(values.map((x) => hinge(1 - Math.abs(x - (from + k * width)) / width))),
  );
}

const cumulated = (values: readonly number[]) => values.map((_, k) => sum(values.slice(0, k + 1)));

export const formulas: Readonly<Record<string, Formula>> = {
  "batch-all-triplet": (given, options) => {
    const all = triplets(given, options).map(([ap, an]) => hinge(ap - an + number(options, "margin")));
    return mean(options["reduction"] === "mean" ? all : positives(all));
  },
  "batch-hard-triplet": (given, options) =>
    mean(hardest(given, options).map((gap) => hinge(gap + number(options, "margin")))),
  "batch-hard-soft-margin-triplet": (given, options) =>
    mean(hardest(given, options).map((gap) => Math.log1p(Math.exp(gap)))),
  "batch-semi-hard-triplet": (given, options) => {
    const metric = options["metric"] as Metric;
    const losses = anchors(given, options["normalize"] === true).flatMap(({ x, P, N }) => {
      const far = N.map((n) => distance(x, n, metric));
      return P.flatMap((p) => {
        const ap = distance(x, p, metric);
        const beyond = far.filter((d) => d > ap);
        if (far.length === 0 || (beyond.length === 0 && options["fallback"] === "drop")) return [];
        const otherwise = options["fallback"] === "hardest" ? Math.min(...far) : Math.max(...far);
        const an = beyond.length > 0 ? Math.min(...beyond) : otherwise;
        return [hinge(ap - an + number(options, "margin"))];
      });
    });
    return mean(losses);
  },
  supcon: (given, options) => {
    const e = (a: readonly number[], b: readonly number[]) => Math.exp(cos(a, b) / number(options, "temperature"));
    return mean(
      anchors(given)
        .filter(({ P }) => P.length > 0)
        .map(({ x, P, N }) => {
          const all = sum([...P, ...N].map((k) => e(x, k)));
          return options["variant"] === "out"
            ? -mean(P.map((p) => Math.log(e(x, p) / all)))
            : -Math.log(mean(P.map((p) => e(x, p) / all)));
        }),
    );
  },
  "lifted-structure": (given, options) => {
    const rows = anchors(given, options["normalize"] === true);
    const metric = options["metric"] as Metric;
    const margin = number(options, "negativeMargin");
    const repelled = ({ x, N }: Anchor) => sum(N.map((n) => Math.exp(margin - distance(x, n, metric))));
    const terms = rows.flatMap((anchor) =>
      anchor.P.map((p) => {
        const other = rows.find(({ x }) => x === p) as Anchor;
        const both = Math.log(repelled(anchor) + repelled(other));
        return hinge(both + distance(anchor.x, p, metric) - number(options, "positiveMargin")) ** 2;
      }),
    );
    return mean(terms) / 2;
  },
  "generalized-lifted-structure": (given, options) => {
    const metric = options["metric"] as Metric;
    return mean(
      anchors(given, options["normalize"] === true)
        .filter(complete)
        .map(({ x, P, N }) =>
          hinge(
            Math.log(sum(P.map((p) => Math.exp(distance(x, p, metric) - number(options, "positiveMargin"))))) +
              Math.log(sum(N.map((n) => Math.exp(number(options, "negativeMargin") - distance(x, n, metric))))),
          ),
        ),
    );
  },
  angular: (given, options) => {
    const t = Math.tan(radians(number(options, "alphaDegrees"))) ** 2;
    return mean(
      anchors(given, true).flatMap(({ x, P, N }) =>
        P.map((p) =>
          Math.log1p(sum(N.map((n) => Math.exp(4 * t * (dot(x, n) + dot(p, n)) - 2 * (1 + t) * dot(x, p))))),
        ),
      ),
    );
  },
  "multi-similarity": (given, options) => {
    const [alpha, beta, base] = [number(options, "alpha"), number(options, "beta"), number(options, "base")];
    const epsilon = options["miningEpsilon"] as number | undefined;
    return mean(
      anchors(given).map(({ x, P, N }) => {
        let [near, far] = [P.map((p) => cos(x, p)), N.map((n) => cos(x, n))];
        if (epsilon !== undefined) {
          const [least, most] = [Math.min(...near), Math.max(...far)];
          near = near.filter((s) => s - epsilon < most);
          far = far.filter((s) => s + epsilon > least);
        }
        if (options["emptyAnchors"] === "skip" && (near.length === 0 || far.length === 0)) return 0;
        return (
          Math.log1p(sum(near.map((s) => Math.exp(-alpha * (s - base))))) / alpha +
          Math.log1p(sum(far.map((s) => Math.exp(beta * (s - base))))) / beta
        );
      }),
    );
  },
  circle: (given, options) => {
    const [m, gamma] = [number(options, "m"), number(options, "gamma")];
    return mean(
      anchors(given)
        .filter(complete)
        .map(({ x, P, N }) => {
          const near = P.map((p) => cos(x, p)).map((s) => Math.exp(-gamma * hinge(1 + m - s) * (s - 1 + m)));
          const far = N.map((n) => cos(x, n)).map((s) => Math.exp(gamma * hinge(s + m) * (s - m)));
          return Math.log1p(sum(near) * sum(far));
        }),
    );
  },
  "tuplet-margin": (given, options) => {
    const scale = number(options, "scale");
    return mean(
      anchors(given).flatMap(({ x, P, N }) =>
        P.map((p) => {
          const theta = Math.acos(Math.min(1, cos(x, p)));
          const target = Math.cos(theta - radians(number(options, "marginDegrees")));
          return Math.log1p(sum(N.map((n) => Math.exp(scale * (cos(x, n) - target)))));
        }),
      ),
    );
  },
  margin: (given, options) => {
    const beta = given.parameters["beta"] as readonly number[];
    const margin = number(options, "margin");
    const terms = anchors(given, true).flatMap(({ row, x, P, N }) => {
      const own = (options["beta"] === "shared" ? beta[0] : beta[given.classes[row] as number]) as number;
      const near = P.map((p) => hinge(distance(x, p, "l2") - own + margin));
      const far = N.map((n) => hinge(own - distance(x, n, "l2") + margin));
      return options["form"] === "pairs" ? [...near, ...far] : near.flatMap((a) => far.flatMap((b) => [a, b]));
    });
    return mean(positives(terms));
  },
  nca: (given, options) => {
    const e = (a: readonly number[], b: readonly number[]) =>
      Math.exp(-number(options, "scale") * distance(a, b, "l2-squared"));
    return mean(
      anchors(given, options["normalize"] === true)
        .filter(({ P }) => P.length > 0)
        .map(({ x, P, N }) => -Math.log(sum(P.map((p) => e(x, p))) / sum([...P, ...N].map((k) => e(x, k))))),
    );
  },
  "proxy-nca": (given, options) =>
    ofClasses(given, "proxies", (x, own, proxies) => {
      const z = proxies.map((p) => -number(options, "scale") * distance(unit(x), unit(p), "l2-squared"));
      const kept = z.filter((_, c) => options["positiveInDenominator"] === true || c !== own);
      return Math.log(sum(kept.map(Math.exp))) - (z[own] as number);
    }),
  "proxy-anchor": ({ example, classes, parameters }, options) => {
    const [alpha, margin] = [number(options, "alpha"), number(options, "margin")];
    const proxies = parameters["proxies"] as readonly (readonly number[])[];
    const side = (c: number, own: boolean) => example.rows.filter((_, row) => (classes[row] === c) === own);
    const near = proxies.map((p, c) => side(c, true).map((x) => Math.exp(-alpha * (cos(x, p) - margin))));
    const far = proxies.map((p, c) => side(c, false).map((x) => Math.exp(alpha * (cos(x, p) + margin))));
    const present = near.filter((terms) => terms.length > 0);
    return mean(present.map((terms) => Math.log1p(sum(terms)))) + mean(far.map((terms) => Math.log1p(sum(terms))));
  },
  "normalized-softmax": (given, options) =>
    ofClasses(given, "weights", (x, own, weights) => {
      const logits = weights.map((w) => cos(x, w) / number(options, "temperature"));
      return crossEntropy(logits, own, logits[own] as number);
    }),
  arcface: (given, options) =>
    ofClasses(given, "weights", (x, own, weights) => {
      const cosines = weights.map((w) => cos(x, w));
      const scale = number(options, "scale");
      const target = arc(cosines[own] as number, number(options, "marginDegrees"));
      return crossEntropy(
        cosines.map((c) => scale * c),
        own,
        scale * target,
      );
    }),
  "sub-centre-arcface": (given, options) =>
    ofClasses(given, "weights", (x, own, weights) => {
      const cosines = grouped(weights, number(options, "centres")).map((group) =>
        Math.max(...group.map((w) => cos(x, w))),
      );
      const scale = number(options, "scale");
      return crossEntropy(
        cosines.map((c) => scale * c),
        own,
        scale * arc(cosines[own] as number, number(options, "marginDegrees")),
      );
    }),
  cosface: (given, options) =>
    ofClasses(given, "weights", (x, own, weights) => {
      const scale = number(options, "scale");
      const logits = weights.map((w) => scale * cos(x, w));
      return crossEntropy(logits, own, (logits[own] as number) - scale * number(options, "margin"));
    }),
  sphereface: (given, options) => multiplied(given, options, () => 1),
  "large-margin-softmax": (given, options) => multiplied(given, options, (w) => Math.hypot(...w)),
  "soft-triple": (given, options) =>
    ofClasses(given, "centers", (x, own, weights) => {
      const classes = grouped(weights, number(options, "centers")).map((group) => {
        const s = group.map((w) => cos(x, w));
        const e = s.map((value) => Math.exp(value / number(options, "gamma")));
        return sum(s.map((value, k) => (value * (e[k] as number)) / sum(e)));
      });
      const scale = number(options, "scale");
      return crossEntropy(
        classes.map((s) => scale * s),
        own,
        scale * ((classes[own] as number) - number(options, "margin")),
      );
    }),
  "p2s-grad": (given) =>
    ofClasses(given, "weights", (x, own, weights) =>
      mean(weights.map((w, c) => (cos(x, w) - (c === own ? 1 : 0)) ** 2)),
    ),
  fastap: (given, options) => {
    const bins = number(options, "bins");
    return mean(
      anchors(given, true)
        .filter(({ P }) => P.length > 0)
        .map(({ x, P, N }) => {
          const [near, far] = [P, N].map((others) =>
            histogram(
              others.map((k) => distance(x, k, "l2-squared")),
              0,
              4,
              bins,
            ),
          ) as [number[], number[]];
          const [H, all] = [cumulated(near), cumulated(near.map((h, k) => h + (far[k] as number)))];
          const share = near.map((h, k) => (h > 0 ? (h * (H[k] as number)) / (all[k] as number) : 0));
          return 1 - sum(share) / P.length;
        }),
    );
  },
  "smooth-ap": (given, options) =>
    mean(
      anchors(given, true)
        .filter(({ P }) => P.length > 0)
        .map(({ x, P, N }) => {
          const above = (k: readonly number[], p: readonly number[]) =>
            sigmoid((dot(x, k) - dot(x, p)) / number(options, "temperature"));
          const shares = P.map((p, i) => {
            const rank = 1 + sum(P.filter((_, j) => j !== i).map((k) => above(k, p)));
            return rank / (rank + sum(N.map((n) => above(n, p))));
          });
          return 1 - mean(shares);
        }),
    ),
  histogram: (given, options) => {
    const bins = number(options, "bins");
    const all = anchors(given);
    const [near, far] = [(a: Anchor) => a.P, (a: Anchor) => a.N].map((side) => {
      const values = all.flatMap((a) => side(a).map((k) => cos(a.x, k)));
      return histogram(values, -1, 1, bins).map((h) => h / Math.max(1, values.length));
    }) as [number[], number[]];
    const up = cumulated(near);
    return sum(far.map((h, k) => h * (up[k] as number)));
  },
  "ranked-list": (given, options) => {
    const [margin, imbalance] = [number(options, "margin"), number(options, "imbalance")];
    const alpha = (options["alpha"] as number | undefined) ?? 1 + margin / 2;
    const weighted = (violations: readonly number[], temperature: number) => {
      const active = positives(violations);
      const weights = active.map((v) => Math.exp(temperature * v));
      return active.length === 0 ? 0 : sum(active.map((v, i) => v * (weights[i] as number))) / sum(weights);
    };
    return mean(
      anchors(given, true).map(({ x, P, N }) => {
        const near = P.map((p) => distance(x, p, "l2") - (alpha - margin));
        const far = N.map((n) => alpha - distance(x, n, "l2"));
        return (
          (1 - imbalance) * weighted(near, number(options, "positiveTemperature")) +
          imbalance * weighted(far, number(options, "negativeTemperature"))
        );
      }),
    );
  },
  "signal-to-noise-contrastive": (given, options) => {
    const variance = (x: readonly number[]) => mean(x.map((v) => (v - mean(x)) ** 2));
    const ratio = (a: readonly number[], b: readonly number[]) =>
      variance(a.map((v, i) => v - (b[i] as number))) / variance(a);
    const all = anchors(given, options["normalize"] === true);
    const near = all.flatMap(({ x, P }) => P.map((p) => hinge(ratio(x, p) - number(options, "positiveMargin"))));
    const far = all.flatMap(({ x, N }) => N.map((n) => hinge(number(options, "negativeMargin") - ratio(x, n))));
    return mean(positives(near)) + mean(positives(far));
  },
  "intra-pair-variance": (given, options) => {
    const all = anchors(given);
    const near = all.flatMap(({ x, P }) => P.map((p) => cos(x, p)));
    const far = all.flatMap(({ x, N }) => N.map((n) => cos(x, n)));
    const low = (1 - number(options, "positiveEpsilon")) * mean(near);
    const high = (1 + number(options, "negativeEpsilon")) * mean(far);
    return mean(near.map((s) => hinge(low - s) ** 2)) + mean(far.map((s) => hinge(s - high) ** 2));
  },
  "threshold-consistent-margin": (given, options) => {
    const all = anchors(given);
    const [low, high] = [number(options, "positiveMargin"), number(options, "negativeMargin")];
    const near = all.flatMap(({ x, P }) => P.map((p) => cos(x, p))).filter((s) => s <= low);
    const far = all.flatMap(({ x, N }) => N.map((n) => cos(x, n))).filter((s) => s >= high);
    return (
      number(options, "positiveWeight") * mean(near.map((s) => low - s)) +
      number(options, "negativeWeight") * mean(far.map((s) => s - high))
    );
  },
};
