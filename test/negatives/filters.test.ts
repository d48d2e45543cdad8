import { expect, test } from "vitest";
import { applyFilters } from "#nearmiss/negatives/filter.js";
import { absolute } from "#nearmiss/negatives/filters/abs.js";
import { equalText } from "#nearmiss/negatives/filters/equal-text.js";
import { knownPositives } from "#nearmiss/negatives/filters/known-positives.js";
import { marginPositive } from "#nearmiss/negatives/filters/margin-pos.js";
import { percPositive } from "#nearmiss/negatives/filters/perc-pos.js";
import { rankWindow } from "#nearmiss/negatives/filters/rank-window.js";
import { filterNames, parseFilter } from "#nearmiss/negatives/parse-filter.js";
import { pool, rejections } from "./fixtures.js";

test("the first filter that rejects a candidate keeps the reason, with value and threshold", () => {
  const filtered = applyFilters(pool([0.9, 0.78, 0.7, 0.2], 0.8), [percPositive({ p: 0.95 }), absolute({ max: 0.75 })]);
  expect(filtered.candidates.map(({ rejected }) => rejected ?? null)).toEqual([
    { filter: "perc-pos", value: 0.9, threshold: 0.8 - 0.8 * (1 - 0.95) },
    { filter: "perc-pos", value: 0.78, threshold: 0.8 - 0.8 * (1 - 0.95) },
    null,
    null,
  ]);
});

test("the reference is the lowest positive unless another is asked for", () => {
  const positives = [0.9, 0.5].map((score, i) => ({ id: `p${i}`, score, rank: null }));
  const given = pool([0.85, 0.6, 0.4], 0, { positives });
  expect(rejections(marginPositive({ margin: 0.05 }).apply(given))).toEqual(["margin-pos", "margin-pos", null]);
  const mean = marginPositive({ margin: 0.05, reference: "mean" });
  expect(rejections(mean.apply(given))).toEqual(["margin-pos", null, null]);
  expect(rejections(marginPositive({ margin: 0.05, reference: "max" }).apply(given))).toEqual([null, null, null]);
});

test("a negative positive score lowers the signed threshold and raises the naive one", () => {
  const given = pool([-3.9, -4.1, -4.3], -4);
  expect(rejections(percPositive({ p: 0.95 }).apply(given))).toEqual(["perc-pos", "perc-pos", null]);
  expect(rejections(percPositive({ p: 0.95, form: "naive" }).apply(given))).toEqual([null, null, null]);
});

test("a score at the threshold stays, or goes where the boundary is strict", () => {
  const given = pool([0.5, 0.25], 1);
  expect(rejections(percPositive({ p: 0.5 }).apply(given))).toEqual([null, null]);
  expect(rejections(percPositive({ p: 0.5, boundary: "strict" }).apply(given))).toEqual(["perc-pos", null]);
});

test("rank windows and score bands include both ends", () => {
  const given = pool([0.9, 0.8, 0.7, 0.6], 1);
  expect(rejections(rankWindow({ low: 2, high: 3 }).apply(given))).toEqual(["rank-window", null, null, "rank-window"]);
  expect(rejections(absolute({ min: 0.7, max: 0.8 }).apply(given))).toEqual(["abs", null, null, "abs"]);
});

test("known positives go by id, copies of a positive or of the query by text", () => {
  const texts = new Map([
    ["positive", "The  answer is 42"],
    ["d0", "something else"],
    ["d1", " The answer\tis 42 "],
    ["d2", "a question"],
    ["d3", "the answer is 42"],
  ]);
  const given = pool([0.9, 0.8, 0.7, 0.6], 0.95);
  const withPositive = { ...given, candidates: [{ id: "positive", score: 0.95, rank: 1 }, ...given.candidates] };
  const filters = [knownPositives(), equalText((id) => texts.get(id) as string)];
  expect(rejections(applyFilters(withPositive, filters))).toEqual([
    "known-positives",
    null,
    "equal-text",
    "equal-text",
    null,
  ]);
});

test("filters that need a positive say so where there is none", () => {
  expect(() => percPositive({ p: 0.9 }).apply(pool([1], 0, { positives: [] }))).toThrow(/query q has no positive/);
});

test("filters by name and value", () => {
  expect(parseFilter("perc-pos=0.95")?.params).toMatchObject({ p: 0.95, reference: "min", form: "signed" });
  expect(parseFilter("margin-pos=.05")?.params).toMatchObject({ margin: 0.05 });
  expect(parseFilter("abs=-2e1")?.params).toMatchObject({ max: -20 });
  expect(parseFilter("rank-window=10-210")?.params).toEqual({ low: 10, high: 210 });
  expect(parseFilter("known-positives")).toBeNull();
});

test.each([
  ["perc=0.9", filterNames.join(", ")],
  ["__proto__=1", "unknown filter"],
  ["perc-pos", "perc-pos=VALUE"],
  ["perc-pos=", "finite number"],
  ["perc-pos=NaN", "NaN"],
  ["perc-pos=0", "out of range"],
  ["perc-pos=95", "from"],
  ["margin-pos=-0.1", "at least 0"],
  ["abs=Infinity", "finite number"],
  ["rank-window=10", "LO-HI"],
  ["rank-window=0-10", "at least 1"],
  ["rank-window=20-10", "at least 20"],
  ["equal-text=1", "no value"],
])("filter %s is refused: %s", (text, message) => {
  expect(() => parseFilter(text)).toThrow(message);
});
