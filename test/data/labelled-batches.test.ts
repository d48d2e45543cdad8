import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { deal, fullHands } from "#nearmiss/data/labelled-batches/deal.js";
import { type LabelledBatching, labelledBatches } from "#nearmiss/data/labelled-batches/index.js";
import { distinctClassPairs } from "#nearmiss/data/labelled-batches/pairs.js";
import type { ClassItem } from "#nearmiss/data/labelled-batches/types.js";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

/** Items of classes of these sizes. */
const itemsOf = (sizes: readonly number[]): ClassItem[] =>
  sizes.flatMap((size, c) => range(size).map((i) => ({ id: `${c}/${i}`, labels: [`c${c}`] })));

const label = ({ labels }: ClassItem) => labels[0] as string;
const tally = <T>(list: readonly T[]): Map<T, number> => {
  const counts = new Map<T, number>();
  for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
};
const ids = (batches: readonly (readonly ClassItem[])[]) => batches.flat().map(({ id }) => id);

const sizesArbitrary = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 9 });
const draw = fc.record({ seed: fc.integer({ min: 0, max: 99 }), epoch: fc.integer({ min: 0, max: 9 }) });
const once = { seed: 1, epoch: 0 };

test("cards are dealt out evenly, and no hand has two of a class", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      (counts, more) => {
        const hands = Math.max(more, ...counts);
        const dealt = deal(counts, hands, rng(1, "deal"));
        const sizes = dealt.map((hand) => hand.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (const hand of dealt) expect(new Set(hand).size).toBe(hand.length);
        const of = tally(dealt.flat());
        expect(counts.map((_, c) => of.get(c) ?? 0)).toEqual(counts);
      },
    ),
  );
});

test("there are as many full hands as trying all numbers finds", () => {
  fc.assert(
    fc.property(sizesArbitrary, fc.integer({ min: 1, max: 5 }), (counts, size) => {
      const possible = (hands: number) => sum(counts.map((count) => Math.min(count, hands))) >= size * hands;
      expect(fullHands(counts, size)).toBe(Math.max(...range(sum(counts) + 1).filter(possible)));
    }),
  );
});

describe("classes × items", () => {
  const cases = fc
    .record({ sizes: sizesArbitrary, k: fc.integer({ min: 1, max: 4 }), draw })
    .chain((one) => fc.record({ ...asConstants(one), p: fc.integer({ min: 1, max: one.sizes.length }) }));

  test("every item comes once, in groups of at most K of at most P classes", () => {
    fc.assert(
      fc.property(cases, ({ sizes, k, p, draw }) => {
        const items = itemsOf(sizes);
        const { batches, leftOut } = labelledBatches(
          items,
          { kind: "classes-times-items", classes: p, itemsPerClass: k },
          draw,
        );
        expect(ids(batches).sort()).toEqual(items.map(({ id }) => id).sort());
        expect(leftOut).toEqual([]);
        for (const batch of batches) {
          const counts = tally(batch.map(label));
          expect(counts.size).toBeLessThanOrEqual(p);
          for (const [name, count] of counts) {
            expect(count).toBeLessThanOrEqual(k);
            // No group is more than one item smaller than the others of its class.
            const size = sizes[Number(name.slice(1))] as number;
            expect(count).toBeGreaterThanOrEqual(Math.floor(size / Math.ceil(size / k)));
          }
        }
        const classCounts = batches.map((batch) => tally(batch.map(label)).size);
        expect(Math.max(...classCounts) - Math.min(...classCounts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("where sizes divide, every batch is exactly P × K", () => {
    const { batches } = labelledBatches(
      itemsOf(range(12).map(() => 8)),
      { kind: "classes-times-items", classes: 6, itemsPerClass: 4 },
      once,
    );
    expect(batches).toHaveLength(4);
    for (const batch of batches) expect([...tally(batch.map(label)).values()]).toEqual(range(6).map(() => 4));
  });

  test("with repeat, groups are full where their class is large enough, and no item is twice in a batch", () => {
    fc.assert(
      fc.property(cases, ({ sizes, k, p, draw }) => {
        const items = itemsOf(sizes);
        const batching = { kind: "classes-times-items", classes: p, itemsPerClass: k, short: "repeat" } as const;
        const { batches } = labelledBatches(items, batching, draw);
        expect(new Set(ids(batches)).size).toBe(items.length);
        for (const batch of batches) {
          expect(new Set(batch).size).toBe(batch.length);
          for (const [name, count] of tally(batch.map(label)))
            expect(count).toBe(Math.min(k, sizes[Number(name.slice(1))] as number));
        }
      }),
    );
  });

  test("classes meet other classes in other batches and epochs", () => {
    const items = itemsOf(range(8).map(() => 4));
    const company = (epoch: number) =>
      labelledBatches(items, { kind: "classes-times-items", classes: 2, itemsPerClass: 2 }, { seed: 1, epoch })
        .batches.filter((batch) => batch.some((item) => label(item) === "c0"))
        .flatMap((batch) => [...tally(batch.map(label)).keys()].filter((name) => name !== "c0"));
    expect(new Set(range(12).flatMap(company)).size).toBeGreaterThan(4);
  });
});

describe("balanced", () => {
  test("every class comes equally often, every item of a class before one comes again", () => {
    const cases = fc.record({
      sizes: sizesArbitrary,
      k: fc.integer({ min: 1, max: 4 }),
      batches: fc.integer({ min: 1, max: 12 }),
      draw,
    });
    fc.assert(
      fc.property(cases, ({ sizes, k, batches: wanted, draw }) => {
        const items = itemsOf(sizes);
        const classes = Math.ceil(sizes.length / 2);
        const { batches, leftOut } = labelledBatches(
          items,
          { kind: "balanced", classes, itemsPerClass: k, batches: wanted },
          draw,
        );
        expect(batches).toHaveLength(wanted);
        const times = tally(batches.flatMap((batch) => [...new Set(batch.map(label))]));
        const often = sizes.map((_, c) => times.get(`c${c}`) ?? 0);
        expect(Math.max(...often) - Math.min(...often)).toBeLessThanOrEqual(1);
        const drawn = tally(batches.flat());
        sizes.forEach((size, c) => {
          const counts = items.filter((item) => label(item) === `c${c}`).map((item) => drawn.get(item) ?? 0);
          if (size >= k) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        });
        for (const batch of batches) {
          expect(new Set(batch).size).toBe(batch.length);
          for (const [name, count] of tally(batch.map(label)))
            expect(count).toBe(Math.min(k, sizes[Number(name.slice(1))] as number));
        }
        expect(leftOut).toEqual(items.filter((item) => !drawn.has(item)));
      }),
    );
  });
});

test("hierarchical batches have the classes of few super-classes, and every item once", () => {
  const cases = fc.record({ sizes: sizesArbitrary, families: fc.integer({ min: 1, max: 3 }), draw });
  fc.assert(
    fc.property(cases, ({ sizes, families, draw }) => {
      const items = itemsOf(sizes);
      const superOf = new Map(sizes.map((_, c) => [`c${c}`, `s${c % families}`]));
      const used = new Set(superOf.values()).size;
      const batching = { kind: "hierarchical", superClasses: Math.min(2, used), classes: 2, itemsPerClass: 2 } as const;
      const { batches } = labelledBatches(items, batching, draw, { superOf });
      expect(ids(batches).sort()).toEqual(items.map(({ id }) => id).sort());
      for (const batch of batches) {
        const families = new Set(batch.map((item) => superOf.get(label(item)) as string));
        expect(families.size).toBeLessThanOrEqual(2);
        for (const family of families) {
          const own = batch.filter((item) => superOf.get(label(item)) === family);
          expect(tally(own.map(label)).size).toBeLessThanOrEqual(2);
        }
      }
    }),
  );
});

test("hard-class batches have a class and those nearest to it, and every item once", () => {
  const items = itemsOf(range(12).map(() => 4));
  // Classes on a circle in pairs of neighbours.
  const vectors = new Map(range(12).map((c) => [`c${c}`, [Math.cos(c), Math.sin(c)] as const]));
  const cosine = (a: string, b: string) => Math.cos(Number(a.slice(1)) - Number(b.slice(1)));
  const batching = { kind: "hard-classes", classes: 3, itemsPerClass: 4 } as const;
  const { batches } = labelledBatches(items, batching, once, { vectors });
  expect(ids(batches).sort()).toEqual(items.map(({ id }) => id).sort());
  const left = new Set(vectors.keys());
  for (const batch of batches) {
    const [seed, ...others] = [...tally(batch.map(label)).keys()] as [string, ...string[]];
    left.delete(seed);
    const nearest = [...left].sort((a, b) => cosine(seed, b) - cosine(seed, a)).slice(0, 2);
    expect(others).toEqual(nearest);
    for (const name of others) left.delete(name);
  }
  expect(() => labelledBatches(items, batching, once, { vectors: new Map([["c0", [1]]]) })).toThrow(/class c1/);
  expect(() => labelledBatches(items, batching, once)).toThrow(/vectors/);
});

describe("N pairs", () => {
  test("every batch has N pairs of N classes, no item is used twice, and there is no way to more batches", () => {
    const cases = fc.record({ sizes: sizesArbitrary, pairs: fc.integer({ min: 1, max: 5 }), draw });
    fc.assert(
      fc.property(cases, ({ sizes, pairs, draw }) => {
        const items = itemsOf(sizes);
        const usable = sizes.filter((size) => size > 1).length;
        if (usable < pairs) {
          expect(() => distinctClassPairs(items, { pairs }, draw)).toThrow(/too-few|fewer classes/);
          return;
        }
        const { batches, leftOut } = distinctClassPairs(items, { pairs }, draw);
        for (const batch of batches) {
          expect(batch).toHaveLength(pairs);
          expect(new Set(batch.map(({ anchor }) => label(anchor))).size).toBe(pairs);
          for (const { anchor, positive } of batch) {
            expect(label(positive)).toBe(label(anchor));
            expect(positive).not.toBe(anchor);
          }
        }
        const used = batches.flat().flatMap(({ anchor, positive }) => [anchor, positive]);
        expect(new Set(used).size).toBe(used.length);
        expect([...used, ...leftOut].map(({ id }) => id).sort()).toEqual(items.map(({ id }) => id).sort());
        // One more batch would need more pairs than min(pairs of a class, batches) allow.
        const more = batches.length + 1;
        expect(sum(sizes.map((size) => Math.min(Math.floor(size / 2), more)))).toBeLessThan(pairs * more);
      }),
    );
  });

  test("fewer classes than pairs is an error that says how many there are", () => {
    expect(() => distinctClassPairs(itemsOf([5, 5, 1]), { pairs: 3 }, once)).toThrow(
      /2 classes with two items.*at least 3/,
    );
  });

  test("as labelled batches, anchors and positives take turns", () => {
    const { batches } = labelledBatches(itemsOf([2, 2, 2]), { kind: "pairs", pairs: 3 }, once);
    for (const batch of batches)
      expect(batch.map(label).filter((_, i) => i % 2 === 0)).toEqual(batch.map(label).filter((_, i) => i % 2 === 1));
  });
});

describe("classes of anchors", () => {
  test("any mix: as many classes, anchors and negatives of a class as asked for, each item an anchor", () => {
    const cases = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 9 }),
      negativesPerClass: fc.integer({ min: 1, max: 3 }),
      anchorShare: fc.constantFrom(0.4, 0.5, 0.75),
      draw,
    });
    fc.assert(
      fc.property(cases, ({ sizes, negativesPerClass, anchorShare, draw }) => {
        fc.pre(sizes.some((size) => size > 1));
        const items = itemsOf(sizes);
        const batching = { kind: "anchor-classes", classes: 4, anchorShare, negativesPerClass } as const;
        const anchors = Math.round((3 * negativesPerClass * anchorShare) / (1 - anchorShare));
        const { batches } = labelledBatches(items, batching, draw);
        const seen = new Map<string, number>();
        for (const batch of batches) {
          const [first, ...others] = [...tally(batch.map(label))] as [[string, number], ...[string, number][]];
          expect(others).toHaveLength(3);
          expect(first[1]).toBeGreaterThanOrEqual(2);
          expect(first[1]).toBeLessThanOrEqual(anchors);
          for (const [name, count] of others)
            expect(count).toBe(Math.min(negativesPerClass, sizes[Number(name.slice(1))] as number));
          for (const { id } of batch.slice(0, first[1])) seen.set(id, (seen.get(id) ?? 0) + 1);
        }
        const able = items.filter((item) => (sizes[Number(label(item).slice(1))] as number) > 1);
        expect([...seen.keys()].sort()).toEqual(able.map(({ id }) => id).sort());
        expect(sum([...seen.values()]) - seen.size).toBeLessThanOrEqual(sizes.length);
      }),
    );
  });

  test("the (N+1)-tuplet: two of one class, N − 1 of others", () => {
    const n = 5;
    const batching = { kind: "anchor-classes", classes: n, anchorShare: 2 / (n + 1), negativesPerClass: 1 } as const;
    const { batches } = labelledBatches(itemsOf(range(8).map(() => 4)), batching, once);
    expect(batches).toHaveLength(16);
    for (const batch of batches) expect([...tally(batch.map(label)).values()]).toEqual([2, 1, 1, 1, 1]);
  });

  test("a share that leaves an anchor alone is refused, with the least that would do", () => {
    const batching = { kind: "anchor-classes", classes: 5, anchorShare: 0.2, negativesPerClass: 1 } as const;
    expect(() => labelledBatches(itemsOf([4, 4, 4, 4, 4]), batching, once)).toThrow(/0\.333/);
  });
});

const everyWay: readonly LabelledBatching[] = [
  { kind: "classes-times-items", classes: 3, itemsPerClass: 2 },
  { kind: "classes-times-items", classes: 3, itemsPerClass: 4, short: "repeat" },
  { kind: "balanced", classes: 3, itemsPerClass: 2 },
  { kind: "hierarchical", superClasses: 2, classes: 2, itemsPerClass: 2 },
  { kind: "hard-classes", classes: 3, itemsPerClass: 2 },
  { kind: "pairs", pairs: 3 },
  { kind: "anchor-classes", classes: 4, anchorShare: 0.5, negativesPerClass: 1 },
];

test.each(everyWay)("$kind: the same seed and epoch give the same batches, others give others", (batching) => {
  const sizes = [6, 5, 4, 7, 6, 9];
  const items = itemsOf(sizes);
  const knowledge = {
    superOf: new Map(sizes.map((_, c) => [`c${c}`, `s${c % 3}`])),
    vectors: new Map(sizes.map((_, c) => [`c${c}`, [1, c]])),
  };
  const made = (seed: number, epoch: number) => labelledBatches(items, batching, { seed, epoch }, knowledge);
  expect(made(1, 0)).toEqual(made(1, 0));
  expect(made(1, 1)).not.toEqual(made(1, 0));
  expect(made(2, 0)).not.toEqual(made(1, 0));
});

test("what cannot be is an error that names the option", () => {
  const items = itemsOf([3, 3]);
  expect(() => labelledBatches(items, { kind: "classes-times-items", classes: 3, itemsPerClass: 2 }, once)).toThrow(
    /2 classes/,
  );
  expect(() => labelledBatches(items, { kind: "balanced", classes: 2, itemsPerClass: 0 }, once)).toThrow(
    /itemsPerClass/,
  );
  expect(() => labelledBatches([{ id: "x", labels: [] }], { kind: "pairs", pairs: 1 }, once)).toThrow(/x/);
  const superOf = new Map([["c0", "s"]]);
  const hierarchical = { kind: "hierarchical", superClasses: 1, classes: 1, itemsPerClass: 1 } as const;
  expect(() => labelledBatches(items, hierarchical, once, { superOf })).toThrow(/c1/);
  expect(() => labelledBatches(items, { kind: "pairs", pairs: Number.NaN }, once)).toThrow(/pairs/);
});

function asConstants<T extends object>(values: T): { readonly [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, fc.constant(value)])) as {
    readonly [K in keyof T]: fc.Arbitrary<T[K]>;
  };
}
