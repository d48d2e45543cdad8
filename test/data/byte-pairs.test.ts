import fc from "fast-check";
import { expect, test } from "vitest";
import { byteSpecialTokens, trainBytePairs } from "#nearmiss/data/byte-pairs.js";
import { loadTokenizer } from "#nearmiss/data/tokenize.js";
import { mergePairs } from "#nearmiss/data/vocabulary-merges.js";

/** Counts every pair anew before every merge. */
function slowMerges(words: readonly { characters: readonly string[]; count: number }[], minFrequency: number) {
  const rows = words.map(({ characters, count }) => ({ row: [...characters], count }));
  const merges: [string, string][] = [];
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  for (;;) {
    const counts = new Map<string, { a: string; b: string; n: number }>();
    for (const { row, count } of rows)
      for (let i = 1; i < row.length; i++) {
        const [a, b] = [row[i - 1]!, row[i]!];
        const key = JSON.stringify([a, b]);
        counts.set(key, { a, b, n: (counts.get(key)?.n ?? 0) + count });
      }
    const best = [...counts.values()].sort((x, y) => y.n - x.n || order(x.a, y.a) || order(x.b, y.b))[0];
    if (best === undefined || best.n < minFrequency) return merges;
    merges.push([best.a, best.b]);
    for (const { row } of rows)
      for (let i = 0; i + 1 < row.length; i++)
        if (row[i] === best.a && row[i + 1] === best.b) row.splice(i, 2, best.a + best.b);
  }
}

test("pairs merge in the order that counting every pair anew gives", () => {
  const word = fc.array(fc.constantFrom("a", "b", "c", "Ġ"), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(
      fc.uniqueArray(word, { maxLength: 10, selector: (w) => w.join("") }),
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 10, maxLength: 10 }),
      fc.integer({ min: 1, max: 3 }),
      (words, counts, minFrequency) => {
        const counted = words.map((characters, i) => ({ characters, count: counts[i]! }));
        const options = { size: 1000, minFrequency, continuation: "", alphabet: ["z"] };
        const { pieces, merges } = mergePairs(counted, options);
        expect(merges).toEqual(slowMerges(counted, minFrequency));
        expect(pieces).toContain("z");
        expect(new Set(pieces).size).toBe(pieces.length);
      },
    ),
    { seed: 6, numRuns: 300 },
  );
});

const texts = [
  "The cat sat on the mat.",
  "the cats of the mats",
  "糖尿病 the 糖尿病",
  "12 cats, 12 mats\n\n\tand 3 dogs",
];
const trained = trainBytePairs(texts, { size: 512 });
const tokenizer = loadTokenizer(trained.tokenizer, trained.config);

/** The bytes that a token stands for. */
function bytesOf(token: string): number[] {
  const table = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table.set(String.fromCharCode(itself ? byte : next++), byte);
  }
  return [...token].map((character) => table.get(character)!);
}

test("the bytes of a text's tokens are its bytes, whatever it holds", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), (text) => {
      fc.pre(!byteSpecialTokens.some((token) => text.includes(token)));
      const tokens = tokenizer.tokens(tokenizer.encode(text, { addSpecialTokens: false }));
      expect(Buffer.from(tokens.flatMap(bytesOf)).toString("utf8")).toBe(text);
    }),
    { seed: 7, numRuns: 300 },
  );
});

test("frequent words are one token, with the blank before them; special tokens stand around a text and between two", () => {
  const tokens = tokenizer.tokens(tokenizer.encode(" the cats"));
  expect(tokens).toEqual(["<s>", "Ġthe", "Ġcats", "</s>"]);
  const { ids, types } = tokenizer.encodePair("a", "<mask>");
  expect(tokenizer.tokens(ids)).toEqual(["<s>", "a", "</s>", "</s>", "<mask>", "</s>"]);
  expect(new Set(types)).toEqual(new Set([0]));
  expect(tokenizer.padId).toBe(1);
  expect(tokenizer.vocabularySize).toBe(trained.size);
});

test("the order of the texts does not matter, and sizes are kept", () => {
  expect(trainBytePairs([...texts].reverse(), { size: 512 })).toEqual(trained);
  expect(trainBytePairs(texts, { size: 512, minFrequency: 1 }).size).toBeLessThanOrEqual(512);
  const letter = (n: number) => String.fromCharCode(97 + (n % 26));
  const long = Array.from({ length: 400 }, (_, i) => letter(i) + letter(7 * i) + letter((i * i) >> 3) + letter(i >> 4));
  expect(trainBytePairs([long.join(" "), long.join(" ")], { size: 520 }).size).toBe(520);
});

test("texts without words and sizes without room for the bytes are refused", () => {
  expect(() => trainBytePairs(["", ""])).toThrow(/no word/);
  expect(() => trainBytePairs(["a"], { size: 300 })).toThrow(/expected: a whole number from 512/);
});
