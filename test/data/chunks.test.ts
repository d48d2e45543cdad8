import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunkDocuments, chunkText } from "#nearmiss/data/chunks.js";

describe("chunks of a text", () => {
  test("whole words as they stand, the last one shorter", () => {
    expect(chunkText(" a b  c\nd e ", { size: 2 })).toEqual(["a b", "c\nd", "e"]);
    expect(chunkText("a b c d e", { size: 3, stride: 2 })).toEqual(["a b c", "c d e"]);
    expect(chunkText("a b c d e f", { size: 3, stride: 2 })).toEqual(["a b c", "c d e", "e f"]);
    expect(chunkText("a b", { size: 5 })).toEqual(["a b"]);
    expect(chunkText(" ", { size: 5 })).toEqual([" "]);
  });

  test("characters count as words in scripts without blanks", () => {
    expect(chunkText("桥很旧。the bridge 是", { size: 3 })).toEqual(["桥很旧", "。the bridge 是"]);
  });

  test("words may have lengths; one that is too long is a chunk of its own", () => {
    const lengthOf = (word: string) => word.length;
    expect(chunkText("aa bb ccccccc d e", { size: 4, lengthOf })).toEqual(["aa bb", "ccccccc", "d e"]);
    expect(chunkText("aa bb cc d", { size: 4, stride: 2, lengthOf })).toEqual(["aa bb", "bb cc", "cc d"]);
  });

  test.each([{ size: 0 }, { size: 2.5 }, { size: 2, stride: 3 }, { size: 2, stride: 0 }])(
    "%j makes no sense",
    (options) => {
      expect(() => chunkText("a", options)).toThrow(/make no sense/);
    },
  );

  test("every word is in a chunk, chunks keep to their size and follow the text", () => {
    const words = fc.array(fc.constantFrom("a", "bb", "ccc", "dddddd"), { minLength: 1, maxLength: 40 });
    const sizes = fc
      .integer({ min: 1, max: 9 })
      .chain((size) => fc.record({ size: fc.constant(size), stride: fc.integer({ min: 1, max: size }) }));
    fc.assert(
      fc.property(words, sizes, fc.boolean(), (list, options, weighted) => {
        const text = list.map((word, i) => `${word}${i}`).join(" ");
        const lengthOf = weighted ? (word: string) => (word.match(/[a-z]/g) ?? []).length : () => 1;
        const chunks = chunkText(text, { ...options, lengthOf }).map((chunk) => chunk.split(" "));
        expect([...new Set(chunks.flat())]).toEqual(text.split(" "));
        for (const chunk of chunks) {
          const length = chunk.reduce((sum, word) => sum + lengthOf(word), 0);
          expect(chunk.length === 1 || length <= options.size).toBe(true);
          expect(text).toContain(chunk.join(" "));
        }
        if (options.stride === options.size && !weighted) expect(chunks.flat()).toEqual(text.split(" "));
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

test("chunks of documents repeat the title and know their place", () => {
  const { items, chunkOf } = chunkDocuments(
    [
      { id: "a", title: "On a", text: "On a one two three" },
      { id: "a#0", text: "four" },
      { id: "constructor", title: "Only", text: "Only" },
    ],
    { size: 2 },
  );
  expect([...items.values()].map(({ id, text }) => [id, text])).toEqual([
    ["a#0", "On a one two"],
    ["a#1", "On a three"],
    ["a#0#0", "four"],
    ["constructor#0", "Only"],
  ]);
  expect(chunkOf.get("a#1")).toEqual({ document: "a", index: 1 });
  expect(chunkOf.get("a#0#0")).toEqual({ document: "a#0", index: 0 });
});
