import fc from "fast-check";
import { expect, test } from "vitest";
import { miner } from "#nearmiss/miners/index.js";
import {
  anyExample,
  batchOf,
  type Example,
  example,
  mined,
  noiseFor,
  type Pair,
  range,
  type Triplet,
} from "./batch.js";
import { at, least, type Tables, tables, triplets } from "./slow.js";

const holds = (check: (given: Example) => void, runs = 120) =>
  fc.assert(fc.property(anyExample, check), { numRuns: runs, seed: 7 });

const metrics = ["l2", "l2-squared", "cosine", "l1"] as const;
const space = (given: Example) => ({
  metric: metrics[given.memory.length % metrics.length] as (typeof metrics)[number],
  normalize: given.rows.length % 2 === 0,
});
const slowly = (given: Example) => tables(given, space(given).metric, space(given).normalize);
/** Values that are equal on paper differ in their last bits between the two computations: such examples are left alone. */
const clear = (difference: number) => difference === 0 || Math.abs(difference) > 1e-9;

const pairs = (table: Tables, side: "positives" | "negatives"): Pair[] =>
  table.rows.flatMap((row) => (table[side][row] ?? []).map((column): Pair => [row, column]));

test.each(["hard", "semi-hard", "easy", "all"] as const)("triplets of the kind %s are those of a loop", (type) => {
  for (const boundary of ["strict", "inclusive"] as const) {
    holds((given) => {
      const table = slowly(given);
      const margin = 0.25;
      const delta = ([a, p, n]: Triplet) => at(table.d, a, n) - at(table.d, a, p);
      const all = triplets(table);
      fc.pre(all.every((one) => clear(delta(one)) && clear(delta(one) - margin)));
      const inside = (x: number, bound: number) => (boundary === "strict" ? x < bound : x <= bound);
      const kinds = {
        hard: (x: number) => inside(x, 0),
        "semi-hard": (x: number) => x > 0 && inside(x, margin),
        easy: (x: number) => x > margin,
        all: (x: number) => inside(x, margin),
      };
      const found = mined(miner("triplet-margin", { type, margin, boundary, ...space(given) }), given);
      expect(found.triplets).toEqual(all.filter((one) => kinds[type](delta(one))));
    });
  }
});

test("a triplet exactly on the margin is inside where the boundary is inclusive, and outside where it is strict", () => {
  const given = example([[0], [1], [3]], ["a", "a", "b"]);
  const found = (boundary: "strict" | "inclusive", type: "semi-hard" | "all" | "easy") =>
    mined(miner("triplet-margin", { type, margin: 2, metric: "l2", normalize: false, boundary }), given).triplets;
  expect(found("inclusive", "semi-hard")).toEqual([
    [0, 1, 2],
    [1, 0, 2],
  ]);
  expect(found("strict", "semi-hard")).toEqual([[1, 0, 2]]);
  expect(found("strict", "all")).toEqual([[1, 0, 2]]);
  expect(found("strict", "easy")).toEqual([]);
  const twins = example([[0], [1], [1]], ["a", "a", "b"]);
  const hard = (boundary: "strict" | "inclusive") =>
    mined(miner("triplet-margin", { type: "hard", metric: "l2", normalize: false, boundary }), twins).triplets;
  expect(hard("inclusive")).toEqual([
    [0, 1, 2],
    [1, 0, 2],
  ]);
  expect(hard("strict")).toEqual([[1, 0, 2]]);
});

test.each(["semi-hard", "violating", "easy", "all"] as const)(
  "pairs find the negative of the window %s that a loop finds",
  (window) => {
    for (const fallback of ["drop", "hardest", "farthest"] as const) {
      for (const choose of ["nearest", "farthest"] as const) {
        holds((given) => {
          const table = slowly(given);
          const alpha = given.rows.length % 3 === 0 && window !== "easy" ? null : 0.5;
          const kinds = {
            "semi-hard": (x: number) => x > 0 && (alpha === null || x < alpha),
            violating: (x: number) => alpha === null || x < alpha,
            easy: (x: number) => alpha !== null && x > alpha,
            all: () => true,
          };
          const want = pairs(table, "positives").flatMap(([a, p]): Triplet[] => {
            const negatives = table.negatives[a] ?? [];
            const delta = (n: number) => at(table.d, a, n) - at(table.d, a, p);
            fc.pre(negatives.every((n) => clear(delta(n)) && clear(delta(n) - (alpha ?? 9))));
            for (const x of negatives) for (const y of negatives) fc.pre(clear(delta(x) - delta(y)));
            const candidates = negatives.filter((n) => kinds[window](delta(n)));
            const sign = { nearest: 1, hardest: 1, farthest: -1 };
            const n =
              candidates.length > 0
                ? least(candidates, (one) => sign[choose] * delta(one))
                : fallback === "drop"
                  ? undefined
                  : least(negatives, (one) => sign[fallback] * delta(one));
            return n === undefined ? [] : [[a, p, n]];
          });
          const options = { alpha, window, choose, fallback, ...space(given) };
          expect(mined(miner("facenet-semi-hard", options), given).triplets).toEqual(want);
        }, 50);
      }
    }
  },
);

test("a random negative is uniform over the candidates, and differs between the positives of one anchor", () => {
  const labels = ["a", "a", "a", "b", "c", "d", "e"];
  const given = example(
    labels.map((_, i) => [i, 1, 0]),
    labels,
  );
  const random = miner("facenet-semi-hard", { window: "all", choose: "random" });
  expect(random.random).toBe(true);
  const counts = new Map<string, number>();
  let differing = 0;
  const draws = 600;
  for (let seed = 0; seed < draws; seed++) {
    const found = mined(random, given, noiseFor(given, seed)).triplets;
    const chosen = found.filter(([a]) => a === 0).map(([, , n]) => n);
    if (chosen[0] !== chosen[1]) differing += 1;
    for (const [a, p, n] of found) counts.set(`${a} ${p} ${n}`, (counts.get(`${a} ${p} ${n}`) ?? 0) + 1);
  }
  expect(counts.size).toBe(6 * 4);
  // Six standard deviations of a count with p = 1/4.
  const slack = 6 * Math.sqrt(draws * 0.25 * 0.75);
  for (const count of counts.values()) expect(Math.abs(count - draws / 4)).toBeLessThan(slack);
  expect(differing / draws).toBeGreaterThan(0.25);
});

test("without noise a miner that draws says so, and one that does not needs none", () => {
  const batch = batchOf(example([[0], [1], [3]], ["a", "a", "b"]));
  for (const one of [
    miner("distance-weighted"),
    miner("uniform-histogram"),
    miner("facenet-semi-hard", { choose: "random" }),
  ])
    expect(() => one.select(batch)).toThrow(/noise/);
  expect(miner("facenet-semi-hard").select(batch).kind).toBe("triplets");
  expect(miner("facenet-semi-hard").random).toBe(false);
  expect(miner("facenet-semi-hard", { fallback: "random" }).random).toBe(true);
});

test("batch-hard takes the farthest positive and the nearest negative of each anchor", () => {
  holds((given) => {
    const { d, rows, positives, negatives } = slowly(given);
    const want = rows.flatMap((a): Triplet[] => {
      const p = least(positives[a] ?? [], (one) => -at(d, a, one));
      const n = least(negatives[a] ?? [], (one) => at(d, a, one));
      for (const list of [positives[a] ?? [], negatives[a] ?? []])
        for (const x of list) for (const y of list) fc.pre(clear(at(d, a, x) - at(d, a, y)));
      return p === undefined || n === undefined ? [] : [[a, p, n]];
    });
    expect(mined(miner("batch-hard", space(given)), given).triplets).toEqual(want);
  });
});

test("equal distances go to the lowest index", () => {
  const given = example([[0], [1], [-1], [2], [2], [-2]], ["a", "a", "a", "b", "b", "c"]);
  const [first] = mined(miner("batch-hard"), given).triplets;
  expect(first).toEqual([0, 1, 3]);
});

test("one positive and one negative of each anchor by strategy are those of a loop", () => {
  const strategies = ["easy", "hard", "semi-hard", "all"] as const;
  for (const positive of strategies) {
    for (const negative of strategies) {
      const options = { positive, negative, positiveRange: [0.1, 2] as const, negativeRange: [null, 3] as const };
      if (
        [positive, negative].includes("semi-hard") &&
        (positive === negative || [positive, negative].includes("all"))
      ) {
        expect(() => miner("batch-easy-hard", options as never)).toThrow(/semi-hard/);
        continue;
      }
      holds((given) => {
        const { d, rows, positives, negatives } = slowly(given);
        const both = rows.map((a) => {
          const value = (one: number) => at(d, a, one);
          const ps = (positives[a] ?? []).filter((p) => value(p) >= 0.1 && value(p) <= 2);
          const ns = (negatives[a] ?? []).filter((n) => value(n) <= 3);
          for (const x of [...ps, ...ns]) {
            fc.pre([0.1, 2, 3].every((bound) => clear(value(x) - bound)));
            for (const y of [...ps, ...ns]) fc.pre(clear(value(x) - value(y)));
          }
          const near = (list: number[]) => [least(list, value)].filter((one) => one !== undefined);
          const far = (list: number[]) => [least(list, (one) => -value(one))].filter((one) => one !== undefined);
          const p = { easy: near, hard: far, all: (x: number[]) => x };
          const n = { easy: far, hard: near, all: (x: number[]) => x };
          if (positive === "semi-hard") {
            const chosen = n[negative as "easy"](ns);
            return { p: far(ps.filter((one) => chosen.some((other) => value(one) < value(other)))), n: chosen };
          }
          const chosen = p[positive](ps);
          if (negative !== "semi-hard") return { p: chosen, n: n[negative](ns) };
          return { p: chosen, n: near(ns.filter((one) => chosen.some((other) => value(one) > value(other)))) };
        });
        const kept = (side: "p" | "n") =>
          both.flatMap((one, a) => (one.p.length > 0 && one.n.length > 0 ? one[side].map((x) => [a, x]) : []));
        const found = mined(miner("batch-easy-hard", { ...options, ...space(given) } as never), given);
        expect(found.positives).toEqual(kept("p"));
        expect(found.negatives).toEqual(kept("n"));
      }, 25);
    }
  }
});

test("multi-similarity keeps the pairs that a loop keeps", () => {
  for (const boundary of ["strict", "inclusive"] as const) {
    holds((given) => {
      const { d, rows, positives, negatives } = tables(given, "cosine", false);
      const epsilon = 0.125;
      const inside = (x: number, y: number) => (boundary === "strict" ? x < y : x <= y);
      const keep = (lists: readonly number[][], others: readonly number[][], sign: 1 | -1): Pair[] =>
        rows.flatMap((a) => {
          const bound = least(others[a] ?? [], (one) => sign * at(d, a, one));
          if (bound === undefined) return [];
          return (lists[a] ?? [])
            .filter((one) => {
              const [x, y] = [sign * (1 - at(d, a, one)) - epsilon, sign * (1 - at(d, a, bound))];
              fc.pre(clear(x - y));
              return inside(x, y);
            })
            .map((one): Pair => [a, one]);
        });
      const found = mined(miner("multi-similarity", { epsilon, boundary }), given);
      // The most similar negative is the nearest; the least similar positive the farthest.
      expect(found.positives).toEqual(keep(positives, negatives, 1));
      expect(found.negatives).toEqual(keep(negatives, positives, -1));
    });
  }
});

test("pairs beyond a margin are those of a loop", () => {
  for (const boundary of ["strict", "inclusive"] as const) {
    holds((given) => {
      const table = slowly(given);
      for (const [a, b] of [...pairs(table, "positives"), ...pairs(table, "negatives")])
        fc.pre(clear(at(table.d, a, b) - 0.5) && clear(at(table.d, a, b) - 1));
      const inside = (x: number, y: number) => (boundary === "strict" ? x < y : x <= y);
      const found = mined(
        miner("pair-margin", { positiveMargin: 0.5, negativeMargin: 1, boundary, ...space(given) }),
        given,
      );
      expect(found.positives).toEqual(pairs(table, "positives").filter(([a, p]) => inside(0.5, at(table.d, a, p))));
      expect(found.negatives).toEqual(pairs(table, "negatives").filter(([a, n]) => inside(at(table.d, a, n), 1)));
    });
  }
});

test("angular triplets are those whose angle a loop finds wide", () => {
  holds((given) => {
    const normalize = given.rows.length % 2 === 0;
    const table = tables(given, "l2", normalize);
    const vectors = [...given.rows, ...given.memory].map((x) => {
      const norm = Math.hypot(...x);
      return normalize ? x.map((v) => v / norm) : x;
    });
    const want = triplets(table).filter(([a, p, n]) => {
      const [x, y, z] = [vectors[a], vectors[p], vectors[n]] as [number[], number[], number[]];
      const toCentre = Math.hypot(...z.map((v, i) => v - ((x[i] as number) + (y[i] as number)) / 2));
      const angle = Math.atan2(at(table.d, a, p), 2 * toCentre);
      fc.pre(clear(angle - (35 * Math.PI) / 180) && (toCentre > 1e-6 || at(table.d, a, p) > 1e-6));
      return angle > (35 * Math.PI) / 180;
    });
    expect(mined(miner("angular", { angle: 35, normalize }), given).triplets).toEqual(want);
  });
});

test("HDC keeps the hardest share of positives and of negatives over the whole batch", () => {
  for (const share of [0.1, 0.3, 0.5, 1]) {
    holds((given) => {
      const table = slowly(given);
      const hardest = (side: "positives" | "negatives", sign: 1 | -1): Pair[] => {
        const all = pairs(table, side);
        const value = ([a, b]: Pair) => sign * at(table.d, a, b);
        for (const x of all) for (const y of all) fc.pre(clear(value(x) - value(y)));
        const sorted = all
          .map((pair, order) => ({ pair, order }))
          .sort((x, y) => value(x.pair) - value(y.pair) || x.order - y.order);
        return sorted
          .slice(0, Math.ceil(share * all.length - 1e-9))
          .sort((x, y) => x.order - y.order)
          .map(({ pair }) => pair);
      };
      const found = mined(miner("hdc", { share, ...space(given) }), given);
      expect(found.positives).toEqual(hardest("positives", -1));
      expect(found.negatives).toEqual(hardest("negatives", 1));
    }, 60);
  }
});

test("the uniform histogram draws as many pairs of each bin as it should, those with the least noise", () => {
  holds((given) => {
    const table = slowly(given);
    const noise = noiseFor(given);
    const bins = 4;
    const drawn = (side: "positives" | "negatives", count: number): Pair[] => {
      const all = pairs(table, side);
      const distances = all.map(([a, b]) => at(table.d, a, b));
      const [low, high] = [Math.min(...distances), Math.max(...distances)];
      const width = high - low;
      const bin = distances.map((x) => {
        const place = width > 0 ? ((x - low) / width) * bins : 0;
        fc.pre(
          width === 0 || (width > 1e-9 && (place === 0 || Math.abs(place - Math.round(place)) > 1e-9 || x === high)),
        );
        return Math.min(bins - 1, Math.floor(place));
      });
      return all.filter(([a, b], i) => {
        const before = all.filter(([x, y], j) => bin[j] === bin[i] && at(noise, x, y) < at(noise, a, b));
        return before.length < count;
      });
    };
    const options = { bins, positivesPerBin: 1, negativesPerBin: 2, ...space(given) };
    const found = mined(miner("uniform-histogram", options), given, noise);
    expect(found.positives).toEqual(drawn("positives", 1));
    expect(found.negatives).toEqual(drawn("negatives", 2));
  });
  const given = example([[0], [1], [3]], ["a", "a", "b"]);
  const none = mined(miner("uniform-histogram", { positivesPerBin: 0, metric: "l2", normalize: false }), given);
  expect(none.positives).toEqual([]);
  expect(none.negatives).toHaveLength(4);
});

test("empty means empty: without positives or without negatives there is no triplet and no fallback", () => {
  for (const labels of [
    ["a", "b", "c", "d"],
    ["a", "a", "a", "a"],
  ]) {
    const given = example(
      range(4).map((i) => [i + 1, 1, -i, 0.5]),
      labels,
    );
    for (const one of [
      miner("triplet-margin"),
      miner("facenet-semi-hard", { fallback: "hardest" }),
      miner("facenet-semi-hard", { fallback: "random" }),
      miner("batch-hard"),
      miner("batch-easy-hard"),
      miner("distance-weighted"),
      miner("multi-similarity"),
      miner("angular"),
    ])
      expect(mined(one, given)).toEqual({ triplets: [], positives: [], negatives: [] });
  }
});
