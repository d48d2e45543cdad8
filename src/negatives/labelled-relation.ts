import { textId } from "../base/text.js";
import type { LabelledItem } from "../base/types.js";

export type Relation = "positive" | "negative" | "neither";

/** What an item is to another, by rows: neither are an item itself and one of its text. Texts are equal as everywhere: after NFC, with white space collapsed. */
export function relationBetween(
  items: readonly Pick<LabelledItem, "labels" | "text">[],
  keepEqualText: boolean,
): (a: number, b: number) => Relation {
  const numbers = new Map<string, number>();
  const numberOf = (name: string): number => {
    const known = numbers.get(name) ?? numbers.size;
    numbers.set(name, known);
    return known;
  };
  const labels = items.map((item) => item.labels.map((label) => numberOf(`label ${label}`)));
  const single = Int32Array.from(labels, (own) => (own.length === 1 ? (own[0] as number) : -1));
  const texts = Int32Array.from(items, ({ text }, row) =>
    text === undefined || keepEqualText ? -1 - row : numberOf(`text ${textId(text)}`),
  );
  const share = (a: number, b: number): boolean => {
    const [x, y] = [single[a] as number, single[b] as number];
    if (x >= 0 && y >= 0) return x === y;
    return labels[a]?.some((label) => labels[b]?.includes(label)) === true;
  };
  return (a, b) => (a === b || texts[a] === texts[b] ? "neither" : share(a, b) ? "positive" : "negative");
}
