import fc from "fast-check";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import type { ScoredPool } from "#nearmiss/base/types.js";
import { parseSampler, samplerNames } from "#nearmiss/negatives/parse-sampler.js";
import type { Sampler } from "#nearmiss/negatives/sampler.js";
import { nearestK } from "#nearmiss/negatives/samplers/nearest-k.js";
import { popularity } from "#nearmiss/negatives/samplers/popularity.js";
import { random } from "#nearmiss/negatives/samplers/random.js";
import { shiftedTopK } from "#nearmiss/negatives/samplers/shifted-top-k.js";
import { type SimansOptions, simans } from "#nearmiss/negatives/samplers/simans.js";
import { topK } from "#nearmiss/negatives/samplers/top-k.js";
import { uniformBand, uniformTopM } from "#nearmiss/negatives/samplers/uniform-band.js";
import { chiSquare, chiSquareLimit, ids, pool, reject } from "./fixtures.js";

const scores = [0.9, 0.85, 0.8, 0.7, 0.62, 0.6, 0.5, 0.41, 0.3, 0.2];

const everySampler: readonly Sampler[] = [
  random(),
  topK(),
  shiftedTopK({ shift: 1 }),
  uniformTopM({ m: 5 }),
  uniformBand({ from: 1, to: 6 }),
  nearestK(),
  popularity({ counts: new Map(Array.from({ length: 50 }, (_, i) => [`d${i}`, i + 1])) }),
  ...(["gaussian", "laplace"] as const).flatMap((kernel) =>
    (["pool-std", "raw"] as const).flatMap((unit) =>
      (["paper", "repo"] as const).map((sign) => simans({ kernel, unit, sign, b: 0.5 })),
    ),
  ),
];

test("for any finite scores, probabilities are numbers that sum to 1 and rejected candidates are never drawn", () => {
  const any = fc.double({ noNaN: true, noDefaultInfinity: true });
  const cases = fc.record({
    scores: fc.array(fc.oneof(any, fc.constantFrom(0, 1e-320, -1e308, 1e308, 0.5)), { minLength: 3, maxLength: 12 }),
    positives: fc.array(any, { minLength: 1, maxLength: 3 }),
    scale: fc.constantFrom(1, 20, 1e300),
    rejected: fc.constantFrom("d0", "d1", "none"),
  });
  fc.assert(
    fc.property(cases, (one) => {
      const base = pool(
        [...one.scores].sort((a, b) => b - a),
        0,
        {
          scale: one.scale,
          positives: one.positives.map((score, i) => ({ id: `p${i}`, score, rank: null })),
        },
      );
      const given = reject(base, one.rejected);
      for (const sampler of everySampler) {
        const probabilities = [...sampler.probabilities(given)];
        expect(probabilities.every((p) => p >= 0 && p <= 1)).toBe(true);
        expect(Math.abs(probabilities.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-9);
        const drawn = ids(sampler.sample(given, 20, rng(1, "any")));
        expect(drawn.length).toBeGreaterThan(0);
        expect(new Set(drawn).size).toBe(drawn.length);
        expect(drawn).not.toContain(one.rejected);
      }
    }),
    { numRuns: 200, seed: 3 },
  );
});

test.each(everySampler.map((sampler) => [sampler.name, sampler] as const))(
  "%s draws first what it says (chi-square)",
  (_, sampler) => {
    const given = reject(pool(scores, 0.65), "d1", "d4");
    const counts = scores.map(() => 0);
    const generator = rng(4, "first");
    for (let i = 0; i < 5_000; i++) {
      const [first] = sampler.sample(given, 1, generator);
      const index = given.candidates.findIndex(({ id }) => id === first?.id);
      counts[index] = (counts[index] as number) + 1;
    }
    const { value, degrees } = chiSquare(counts, sampler.probabilities(given));
    expect(value).toBeLessThan(chiSquareLimit(degrees));
  },
);

test("a negative carries score, rank and first-draw probability of its candidate", () => {
  const given = pool(scores, 0.65);
  const sampler = simans();
  const probabilities = sampler.probabilities(given);
  for (const negative of sampler.sample(given, 4, rng(1))) {
    const index = negative.rank - 1;
    expect(negative).toEqual({ ...given.candidates[index], probability: probabilities[index] });
  }
});

/** The formula as the paper writes it, for scores where it does not underflow. */
function simansByFormula(given: ScoredPool, weight: (x: number) => number, x: (score: number) => number): number[] {
  const plain = given.candidates.map(({ score }) => weight(x(score)));
  const total = plain.reduce((a, b) => a + b, 0);
  return plain.map((w) => w / total);
}

test("raw units multiply score differences by the loss's scale, pool units do not depend on it", () => {
  const given = pool(scores, 0.65, { scale: 20 });
  const raw = simans({ unit: "raw", a: 0.5, b: 1 }).probabilities(given);
  simansByFormula(
    given,
    (x) => Math.exp(-0.5 * (x - 1) ** 2),
    (s) => 20 * (s - 0.65),
  ).forEach((p, i) => {
    expect(raw[i]).toBeCloseTo(p, 12);
  });
  const standard = simans();
  standard.probabilities(given).forEach((p, i) => {
    expect(p).toBeCloseTo(standard.probabilities({ ...given, scale: 1 })[i] as number, 14);
  });
});

test("the default is a = 0.5, b = 0 in standard deviations of the candidates that are left", () => {
  const given = reject(pool(scores, 0.65), "d0");
  const left = scores.slice(1);
  const mean = left.reduce((a, b) => a + b, 0) / left.length;
  const sigma = Math.sqrt(left.reduce((sum, s) => sum + (s - mean) ** 2, 0) / left.length);
  const plain = left.map((s) => Math.exp(-0.5 * ((s - 0.65) / sigma) ** 2));
  const total = plain.reduce((a, b) => a + b, 0);
  const got = simans().probabilities(given);
  expect(got[0]).toBe(0);
  plain.forEach((w, i) => {
    expect(got[i + 1]).toBeCloseTo(w / total, 12);
  });
});

test("an own weight function replaces the kernel", () => {
  const given = pool(scores, 0.65, { scale: 10 });
  const own = simans({ unit: "raw", b: 1, logWeight: (distance) => -Math.log1p(distance) }).probabilities(given);
  simansByFormula(
    given,
    (x) => 1 / (1 + Math.abs(x - 1)),
    (s) => 10 * (s - 0.65),
  ).forEach((p, i) => {
    expect(own[i]).toBeCloseTo(p, 12);
  });
  expect(() => simans({ logWeight: () => Number.NaN }).probabilities(given)).toThrow(/weight function/);
});

test("an option that is none of its values is refused at run time too", () => {
  expect(() => simans({ kernel: "cauchy" as "laplace" })).toThrow(/simans kernel.*cauchy.*gaussian, laplace/);
  expect(() => nearestK({ reference: "median" as "mean" }).probabilities(pool([1, 2]))).toThrow(/median/);
});

test("with several positives the policy says which is the reference", () => {
  const given = pool(scores, 0, {
    positives: [
      { id: "p0", score: 0.8, rank: 3 },
      { id: "p1", score: 0.4, rank: null },
    ],
  });
  const single = (score: number, options: SimansOptions = {}): Float64Array =>
    simans(options).probabilities(pool(scores, score));
  const close = (a: Float64Array, b: Float64Array): void => {
    a.forEach((p, i) => {
      expect(p).toBeCloseTo(b[i] as number, 13);
    });
  };
  close(simans({ reference: "min" }).probabilities(given), single(0.4));
  close(simans({ reference: "max" }).probabilities(given), single(0.8));
  close(simans({ reference: "mean" }).probabilities(given), single(0.6));
  const [one, other] = [single(0.8), single(0.4)];
  close(
    simans().probabilities(given),
    one.map((p, i) => (p + (other[i] as number)) / 2),
  );
  // A positive that was not retrieved counts only where the policy scores it.
  close(simans({ reference: "min", outside: "uniform" }).probabilities(given), single(0.8));
  close(
    simans({ outside: "uniform" }).probabilities(given),
    one.map((p) => (p + 1 / scores.length) / 2),
  );
  // Skipped half of the time: that mass is missing.
  expect(
    simans({ outside: "skip" })
      .probabilities(given)
      .reduce((a, b) => a + b, 0),
  ).toBeCloseTo(0.5, 12);
});

test("a positive outside the pool: skip gives nothing, tail-k the lowest", () => {
  const given = pool(scores, 0, { positives: [{ id: "p", score: 0.1, rank: null }] });
  expect(simans({ outside: "skip" }).sample(given, 3, rng(1))).toEqual([]);
  expect(ids(simans({ outside: "tail-k" }).sample(given, 3, rng(1)))).toEqual(["d7", "d8", "d9"]);
});

test("ordered samplers take what their name says, from what is left", () => {
  const given = reject(pool(scores, 0.61), "d0", "d3");
  const take = (sampler: Sampler): string[] => ids(sampler.sample(given, 3, rng(1)));
  expect(take(topK())).toEqual(["d1", "d2", "d4"]);
  expect(take(shiftedTopK({ shift: 2 }))).toEqual(["d4", "d5", "d6"]);
  expect(take(shiftedTopK({ shift: 2, basis: "raw-ranks" }))).toEqual(["d2", "d4", "d5"]);
  expect(take(nearestK())).toEqual(["d4", "d5", "d6"]);
  expect(take(nearestK({ b: 0.2 }))).toEqual(["d2", "d1", "d4"]);
});

test("samplers by name have the parameters they record", () => {
  const parse = (name: string, ...params: readonly [string, string][]) => parseSampler(name, new Map(params));
  expect(parse("simans").params).toEqual({
    kernel: "gaussian",
    sign: "paper",
    unit: "pool-std",
    a: 0.5,
    b: 0,
    reference: "random",
    outside: "score-it",
  });
  expect(parse("simans", ["preset", "repo-nq"]).params).toMatchObject({ sign: "repo", unit: "raw", a: 0.5, b: 1 });
  expect(parse("simans", ["preset", "repo-msmarco"]).params).toMatchObject({ kernel: "laplace", unit: "raw", tau: 3 });
  expect(parse("simans", ["preset", "paper"], ["a", "2"]).params).toMatchObject({ unit: "raw", a: 2 });
  expect(parse("shifted-top-k", ["shift", "10"]).params).toEqual({ shift: 10, basis: "eligible" });
  for (const name of ["random", "top-k", "simans", "nearest-k"]) expect(parse(name).name).toBe(name);
});

test.each([
  ["top-9", [], "random, top-k, shifted-top-k"],
  ["in-batch", [], "has no pool"],
  ["constructor", [], "unknown sampler"],
  ["top-k", [["k", "4"]], "no parameters"],
  ["simans", [["alpha", "1"]], "preset"],
  ["simans", [["a", "NaN"]], "NaN"],
  ["simans", [["a", "-1"]], "at least 0"],
  ["simans", [["a", ""]], "finite number"],
  ["simans", [["b", "1e999"]], "finite number"],
  ["simans", [["tau", "3"]], "no effect"],
  [
    "simans",
    [
      ["kernel", "laplace"],
      ["a", "3"],
    ],
    "no effect",
  ],
  ["simans", [["kernel", "cauchy"]], "gaussian, laplace"],
  ["simans", [["preset", "toString"]], "repo-msmarco"],
  ["shifted-top-k", [], "shift=NUMBER"],
  ["shifted-top-k", [["shift", "1.5"]], "integer"],
  [
    "uniform-band",
    [
      ["from", "5"],
      ["to", "5"],
    ],
    "at least 6",
  ],
] as const)("sampler %s with %j is refused: %s", (name, params, message) => {
  expect(() => parseSampler(name, new Map(params as readonly (readonly [string, string])[]))).toThrow(message);
});

test("every name that is offered can be parsed or says what it needs", () => {
  for (const name of samplerNames) {
    const params: Record<string, [string, string][]> = {
      "shifted-top-k": [["shift", "1"]],
      "uniform-top-m": [["m", "3"]],
      "uniform-band": [
        ["from", "1"],
        ["to", "3"],
      ],
    };
    expect(parseSampler(name, new Map(params[name] ?? [])).name).toBe(name);
  }
});
