import { z } from "zod";
import { inputError } from "../base/errors.js";

/** A part of a row made of two texts: one of them, or fixed ids. `type` is the token type of all of it. */
export type PairPart =
  | { readonly text: "first" | "second"; readonly type: number }
  | { readonly ids: readonly number[]; readonly type: number };

const token = z.tuple([z.string(), z.int().min(0)]);
const template = z.looseObject({
  pair: z.array(
    z.union([
      z.object({ SpecialToken: z.object({ id: z.string(), type_id: z.int().min(0) }) }),
      z.object({ Sequence: z.object({ id: z.enum(["A", "B"]), type_id: z.int().min(0) }) }),
    ]),
  ),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.int().min(0)) })),
});
const separated = z.looseObject({ cls: token, sep: token });
const sequence = z.looseObject({ processors: z.array(z.looseObject({ type: z.string() })) });

type Processor = { readonly type: string } | null;

/** How the post-processor of a tokenizer.json joins two texts. Throws `bad-tokenizer` where it does not say. */
export function pairTemplate(processor: Processor, file: string): readonly PairPart[] {
  const parse = <T>(schema: z.ZodType<T>, value: unknown): T => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw untold(file, result.error.issues[0]?.message ?? "another shape");
  };
  const steps = processor?.type === "Sequence" ? parse(sequence, processor).processors : [processor];
  for (const step of steps) {
    if (step?.type === "TemplateProcessing") {
      const { pair, special_tokens: special } = parse(template, step);
      return pair.map((part) =>
        "Sequence" in part
          ? { text: part.Sequence.id === "A" ? "first" : "second", type: part.Sequence.type_id }
          : { ids: special[part.SpecialToken.id]?.ids ?? [], type: part.SpecialToken.type_id },
      );
    }
    const doubled = step?.type === "RobertaProcessing";
    if (!doubled && step?.type !== "BertProcessing") continue;
    const { cls, sep } = parse(separated, step);
    const second = doubled ? 0 : 1;
    return [
      { ids: [cls[1]], type: 0 },
      { text: "first", type: 0 },
      { ids: doubled ? [sep[1], sep[1]] : [sep[1]], type: 0 },
      { text: "second", type: second },
      { ids: [sep[1]], type: second },
    ];
  }
  throw untold(file, processor?.type ?? "nothing");
}

function untold(file: string, found: string) {
  return inputError("bad-tokenizer", "the tokenizer does not say how two texts are joined", {
    file,
    field: "post_processor",
    found,
    expected: "TemplateProcessing with a pair, BertProcessing or RobertaProcessing",
  });
}

/**
 * How many tokens two texts keep in a row with `room` for both: "longest first", as the reference tokenizer does it. A text that fits
 * beside half of the room is kept whole; else both get half, an odd token going to the longer one (the second, where they are equal).
 */
export function pairLengths(first: number, second: number, room: number): readonly [number, number] {
  if (first + second <= room) return [first, second];
  const [short, long] = first > second ? [second, first] : [first, second];
  const half = Math.floor(room / 2);
  const [a, b] = short <= half ? [short, Math.min(long, room - short)] : [half, room - half];
  return first > second ? [b, a] : [a, b];
}
