import fc from "fast-check";
import { expect, test } from "vitest";
import { loadTokenizer } from "#nearmiss/data/tokenize.js";
import { specialTokens, trainWordPiece } from "#nearmiss/data/vocabulary.js";
import { type CountedWord, mergePieces } from "#nearmiss/data/vocabulary-merges.js";

const vocabularyOf = (texts: readonly string[], options = {}) => {
  const { tokenizer } = trainWordPiece(texts, options) as { tokenizer: { model: { vocab: Record<string, number> } } };
  return new Map(Object.entries(tokenizer.model.vocab));
};

/** Counts every pair anew before every merge. */
function slowMerges(words: readonly CountedWord[], size: number, minFrequency: number): string[] {
  let rows = words.map(({ characters, count }) => ({ row: characters.map((c, i) => (i ? `##${c}` : c)), count }));
  const order = (a: string, b: string) =>
    Buffer.from(a) < Buffer.from(b) ? -1 : Buffer.compare(Buffer.from(a), Buffer.from(b));
  const singles = [...new Set(rows.flatMap(({ row }) => row))];
  const begins = (piece: string) => !(piece.startsWith("##") && piece.length > 2);
  const pieces = [...singles.filter(begins).sort(order), ...singles.filter((p) => !begins(p)).sort(order)];
  while (pieces.length < size) {
    const counts = new Map<string, { a: string; b: string; n: number }>();
    for (const { row, count } of rows) {
      for (let i = 1; i < row.length; i++) {
        const key = JSON.stringify([row[i - 1], row[i]]);
        counts.set(key, { a: row[i - 1]!, b: row[i]!, n: (counts.get(key)?.n ?? 0) + count });
      }
    }
    const best = [...counts.values()].sort((x, y) => y.n - x.n || order(x.a, y.a) || order(x.b, y.b))[0];
    if (best === undefined || best.n < minFrequency) break;
    const merged = best.a + best.b.slice(2);
    if (!pieces.includes(merged)) pieces.push(merged);
    rows = rows.map(({ row, count }) => {
      const out: string[] = [];
      for (let i = 0; i < row.length; i++) {
        if (row[i] === best.a && row[i + 1] === best.b) out.push(merged, ...row.splice(i + 1, 1).slice(1));
        else out.push(row[i]!);
      }
      return { row: out, count };
    });
  }
  return pieces;
}

test("merging gives the pieces that counting every pair anew gives", () => {
  const word = fc.array(fc.constantFrom("a", "b", "c", "糖", "😂"), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      fc.uniqueArray(word, { maxLength: 12, selector: (w) => w.join("") }),
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 12, maxLength: 12 }),
      fc.integer({ min: 1, max: 3 }),
      (words, counts, minFrequency) => {
        const counted = words.map((characters, i) => ({ characters, count: counts[i]! }));
        expect(mergePieces(counted, 30, minFrequency)).toEqual(slowMerges(counted, 30, minFrequency));
      },
    ),
    { seed: 5, numRuns: 300 },
  );
});

test("a tie goes to the pair that comes first by code points", () => {
  const vocabulary = vocabularyOf(["zy zy ab ab"], { size: 16 });
  expect([...vocabulary.keys()].slice(0, 5)).toEqual(specialTokens);
  expect(
    [...vocabulary]
      .sort((a, b) => a[1] - b[1])
      .map(([token]) => token)
      .slice(5),
  ).toEqual(["a", "z", "##b", "##y", "ab", "zy"]);
});

test("the order of the texts does not matter", () => {
  const texts = [
    "the heart pumps blood",
    "blood pressure and the heart",
    "high blood pressure",
    "血压高 血压",
    "constructor __proto__",
  ];
  const one = JSON.stringify(trainWordPiece(texts, { size: 60 }));
  expect(JSON.stringify(trainWordPiece([...texts].reverse(), { size: 60 }))).toBe(one);
});

test("the size is never exceeded and pairs below the least frequency stay apart", () => {
  const texts = Array.from({ length: 200 }, (_, i) => `word${i} ${String.fromCodePoint(0x4e00 + i)} other${i % 7}`);
  for (const size of [16, 40, 100]) expect(vocabularyOf(texts, { size }).size).toBeLessThanOrEqual(size);
  expect(vocabularyOf(["unique", "words"], { minFrequency: 2 }).has("unique")).toBe(false);
  expect(vocabularyOf(["unique", "words"], { minFrequency: 1 }).has("unique")).toBe(true);
});

test("Chinese is read character by character and unseen characters are unknown", () => {
  const { tokenizer, config } = trainWordPiece(["糖尿病的主要症状", "高血压 sugar sugar"], { size: 100 });
  const encoder = loadTokenizer(tokenizer, config);
  expect(encoder.tokens(encoder.encode("高糖 Sugar 龙"))).toEqual(["[CLS]", "高", "糖", "sugar", "[UNK]", "[SEP]"]);
});

test("case is kept when asked for", () => {
  const { tokenizer, config } = trainWordPiece(["Abc Abc"], { size: 30, lowercase: false });
  const encoder = loadTokenizer(tokenizer, config);
  expect(encoder.tokens(encoder.encode("Abc", { addSpecialTokens: false }))).toEqual(["Abc"]);
});

test("texts without words and tiny sizes are refused", () => {
  expect(() => trainWordPiece(["", "  \n"])).toThrow(/no word/);
  expect(() => trainWordPiece(["a"], { size: 5 })).toThrow(/expected: a whole number from 16/);
});
