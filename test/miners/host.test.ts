import fc from "fast-check";
import { expect, test } from "vitest";
import { allenaiWindow } from "#nearmiss/miners/allenai-window.js";
import { hardClasses } from "#nearmiss/miners/n-pair-hard-class.js";
import { range } from "./batch.js";
import { distance } from "./slow.js";

const vectors = (n: number) =>
  fc.array(
    fc
      .array(fc.integer({ min: -5, max: 5 }), { minLength: 3, maxLength: 3 })
      .map(([x = 0, ...rest]) => [x + 0.25, ...rest]),
    { minLength: n, maxLength: n },
  );

test("the window walks the answers by distance and stops at the first that is far enough, of another text", () => {
  const cases = fc.integer({ min: 1, max: 8 }).chain((n) =>
    fc.record({
      questions: vectors(n),
      answers: vectors(n),
      texts: fc.array(fc.constantFrom("yes", " YES", "no", "perhaps"), { minLength: n, maxLength: n }),
      min: fc.constantFrom(null, 0, 0.1),
      max: fc.constantFrom(null, 0.3, 0.8),
    }),
  );
  fc.assert(
    fc.property(cases, ({ questions, answers, texts, min, max }) => {
      const want = questions.map((q, i) => {
        const d = answers.map((a) => distance(q, a, "cosine"));
        const own = d[i] as number;
        const order = range(d.length).sort((x, y) => (d[x] as number) - (d[y] as number) || x - y);
        for (const x of d) for (const y of d) fc.pre(x === y || Math.abs(x - y) > 1e-9);
        for (const x of d)
          fc.pre([min, max].every((bound) => bound === null || Math.abs(x - own - bound) > 1e-9 || x === own));
        for (const j of order) {
          const margin = (d[j] as number) - own;
          if (j === i || texts[j]?.trim().toLowerCase() === texts[i]?.trim().toLowerCase()) continue;
          if (min !== null && !(margin > min)) continue;
          return max === null || margin < max ? j : null;
        }
        return null;
      });
      const found = allenaiWindow(
        { questions: questions.flat(), answers: answers.flat(), dimension: 3, answerTexts: texts },
        { minMargin: min, maxMargin: max },
      );
      expect(found.negatives).toEqual(want);
      expect([found.read, found.used + found.discarded]).toEqual([texts.length, texts.length]);
      expect(found.meanMargin === null).toBe(found.used === 0);
    }),
    { seed: 3 },
  );
});

test("bounds belong to the window where the boundary is inclusive", () => {
  const batch = { questions: [1, 0, 1, 0], answers: [1, 0, 1, 0], dimension: 2, answerTexts: ["one", "two"] };
  expect(allenaiWindow(batch).negatives).toEqual([null, null]);
  expect(allenaiWindow(batch, { boundary: "inclusive" }).negatives).toEqual([1, 0]);
});

test("hard classes are chosen as a loop over all selected and all candidates chooses them", () => {
  const cases = fc.integer({ min: 1, max: 7 }).chain((n) =>
    fc.record({
      anchors: vectors(n),
      positives: vectors(n),
      startClass: fc.integer({ min: 0, max: n - 1 }),
      count: fc.integer({ min: 1, max: n + 2 }),
    }),
  );
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  fc.assert(
    fc.property(cases, ({ anchors, positives, startClass, count }) => {
      const vector = (list: readonly (readonly number[])[], c: number) => list[c] as readonly number[];
      const violation = (s: number, c: number) =>
        dot(vector(anchors, s), vector(positives, c)) - dot(vector(anchors, s), vector(positives, s));
      const classes = [startClass];
      const scores: number[] = [];
      while (classes.length < Math.min(count, anchors.length)) {
        const score = (c: number) => Math.max(...classes.map((s) => violation(s, c)));
        const left = range(anchors.length).filter((c) => !classes.includes(c));
        const best = Math.max(...left.map(score));
        scores.push(best);
        classes.push(left.find((c) => score(c) === best) as number);
      }
      const given = { anchors: anchors.flat(), positives: positives.flat(), dimension: 3 };
      expect(hardClasses(given, { startClass, count })).toEqual({ classes, scores });
    }),
    { seed: 4 },
  );
});

test("a row that does not fit, has no direction, or a class that is not there is an error that names it", () => {
  const text = ["a", "b"];
  expect(() => allenaiWindow({ questions: [1, 0], answers: [1, 0, 0, 1], dimension: 2, answerTexts: text })).toThrow(
    /2 and 4/,
  );
  expect(() =>
    allenaiWindow({ questions: [1, 0, 0, 0], answers: [1, 0, 0, 1], dimension: 2, answerTexts: text }),
  ).toThrow(/row 1/);
  expect(() => hardClasses({ anchors: [1, 2], positives: [1, 2], dimension: 1 }, { startClass: 2, count: 1 })).toThrow(
    /0 to 1/,
  );
});
