import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pairLengths, pairTemplate } from "#nearmiss/data/pair-template.js";
import { loadTokenizer } from "#nearmiss/data/tokenize.js";
import { trainWordPiece } from "#nearmiss/data/vocabulary.js";

const trained = trainWordPiece(["one two three four five six seven eight"], { size: 60, minFrequency: 1 });

test("two texts are joined with a separator after each and a type for each", () => {
  const tokenizer = loadTokenizer(trained.tokenizer, trained.config);
  const { ids, types } = tokenizer.encodePair("one two", "three");
  expect(tokenizer.tokens(ids)).toEqual(["[CLS]", "one", "two", "[SEP]", "three", "[SEP]"]);
  expect([...types]).toEqual([0, 0, 0, 0, 1, 1]);
  expect(tokenizer.tokens(tokenizer.encodePair("", "").ids)).toEqual(["[CLS]", "[SEP]", "[SEP]"]);
});

test("the longer text is cut first, at the end or at the beginning as the tokenizer says, and it is told", () => {
  let cut = 0;
  const onTruncated = () => cut++;
  const row = (side: "left" | "right", first: string, second: string) => {
    const tokenizer = loadTokenizer(trained.tokenizer, { ...trained.config, truncation_side: side }, { maxLength: 8 });
    return tokenizer.tokens(tokenizer.encodePair(first, second, { onTruncated }).ids).join(" ");
  };
  expect(row("right", "one two", "three four five six")).toBe("[CLS] one two [SEP] three four five [SEP]");
  expect(row("left", "one two", "three four five six")).toBe("[CLS] one two [SEP] four five six [SEP]");
  expect(row("right", "one two three four", "five six seven")).toBe("[CLS] one two three [SEP] five six [SEP]");
  expect(row("right", "one two three", "four five six")).toBe("[CLS] one two [SEP] four five six [SEP]");
  expect(cut).toBe(4);
  expect(row("right", "one two", "three four five")).toBe("[CLS] one two [SEP] three four five [SEP]");
  expect(cut).toBe(4);
});

test("lengths never exceed the room, leave none of it unused, and favour the shorter text", () => {
  const length = fc.integer({ min: 0, max: 60 });
  fc.assert(
    fc.property(length, length, length, (first, second, room) => {
      const [a, b] = pairLengths(first, second, room);
      expect(a + b).toBe(Math.min(first + second, room));
      expect(a).toBeLessThanOrEqual(first);
      expect(b).toBeLessThanOrEqual(second);
      if (first + second > room) {
        // Nothing is cut from a text shorter than its half, and the parts differ by one at most where both are cut.
        if (a < first && b < second) expect(Math.abs(a - b)).toBeLessThanOrEqual(1);
        if (first < second) expect(a).toBeLessThanOrEqual(b);
      }
    }),
    { seed: 8, numRuns: 500 },
  );
});

describe("post-processors", () => {
  const separated = { sep: ["</s>", 2], cls: ["<s>", 0] };
  test.each([
    [{ type: "RobertaProcessing", ...separated }, [[0], "first", [2, 2], "second", [2]], [0, 0, 0, 0, 0]],
    [{ type: "BertProcessing", ...separated }, [[0], "first", [2], "second", [2]], [0, 0, 0, 1, 1]],
    [
      { type: "Sequence", processors: [{ type: "ByteLevel" }, { type: "BertProcessing", ...separated }] },
      [[0], "first", [2], "second", [2]],
      [0, 0, 0, 1, 1],
    ],
  ] as const)("%j", (processor, parts, types) => {
    const found = pairTemplate(processor, "tokenizer.json");
    expect(found.map((part) => ("ids" in part ? part.ids : part.text))).toEqual(parts);
    expect(found.map(({ type }) => type)).toEqual(types);
  });

  test.each([[null], [{ type: "ByteLevel" }]])("%j says nothing of two texts", (processor) => {
    expect(() => pairTemplate(processor, "tokenizer.json")).toThrow(/how two texts are joined/);
  });

  test("one with a broken template is refused in plain words", () => {
    const file = { ...trained.tokenizer, post_processor: { type: "TemplateProcessing", pair: 7 } };
    const processor = (file as { post_processor: { type: string } }).post_processor;
    expect(() => pairTemplate(processor, "tokenizer.json")).toThrow(expect.objectContaining({ code: "bad-tokenizer" }));
  });
});
