import { inputError } from "../base/errors.js";
import { canonicalText, textId } from "../base/text.js";
import type { LabelledData, LabelledItem } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { contentHash } from "./content-hash.js";
import { describeValue, excerpt, type Place } from "./fields.js";

/** What a labelled set is besides its items. */
export type LabelledFrame = Pick<LabelledData, "format" | "source" | "content" | "picture">;

/** An item as a file gives it: a text without id gets that of its text. */
export type FoundItem = Omit<LabelledItem, "id"> & { readonly id?: string | undefined };

/** Gathers labelled items and keeps the rules about ids, repeated items and splits in one place. */
export interface LabelledCollector {
  /** An item without labels is left out (`unlabelled-items`). */
  add(split: string, item: FoundItem, place: Place): void;
  finish(frame: LabelledFrame): LabelledData;
}

interface Held {
  readonly id: string;
  readonly split: string;
  readonly labels: readonly string[];
}

/**
 * An empty collector. Rows without an id are items of their own, as published figures count them: a text that comes again gets `#2`, `#3` … after its id
 * (`repeated-items`, or `shared-items` where it stands in another split; `several-labels` where its labels differ). Rows of one id and one split are one item with the labels of all; an id
 * with other texts, or with other labels in another split, is an error (`duplicate-id`).
 */
export function labelledCollector(warnings: Warnings): LabelledCollector {
  const items = new Map<string, LabelledItem>();
  const splits = new Map<string, Set<string>>();
  const byText = new Map<string, Held & { count: number }>();
  const splitOf = new Map<string, string>();

  const ofText = (split: string, text: string, labels: readonly string[]): string => {
    const id = textId(text);
    const before = byText.get(id);
    if (before === undefined) {
      byText.set(id, { id, split, labels, count: 1 });
      return id;
    }
    const quoted = JSON.stringify(excerpt(text));
    if (before.split === split)
      warnings.add("repeated-items", `a text that comes again is an item of its own: ${quoted}`);
    else warnings.add("shared-items", `a text is in the splits ${before.split} and ${split}: ${quoted}`);
    if (!sameLabels(before.labels, labels)) {
      const both = [...new Set([...before.labels, ...labels])].join(", ");
      warnings.add("several-labels", `rows of one text have different labels: ${quoted} has ${both}`);
    }
    before.count++;
    return `${id}#${before.count}`;
  };
  const ofRows = (split: string, item: LabelledItem, place: Place): LabelledItem => {
    const held = items.get(item.id);
    if (held === undefined) return item;
    sameText(held, item, place);
    if (sameLabels(held.labels, item.labels)) {
      const kind = splits.get(split)?.has(item.id) === true ? "repeated-items" : "shared-items";
      warnings.add(kind, `an item that comes again is one item, the first is ${JSON.stringify(item.id)}`);
      return held;
    }
    if (splitOf.get(item.id) === split) return joined(held, item);
    throw inputError("duplicate-id", "an item has other labels in another split", {
      file: place.file,
      line: place.line,
      field: item.id,
      found: `${item.labels.join(", ")} in ${split}`,
      expected: `${held.labels.join(", ")} as in ${splitOf.get(item.id)}`,
    });
  };

  return {
    add(split, found, place) {
      if (found.labels.length === 0) {
        const where = `${place.file}:${place.line}`;
        warnings.add("unlabelled-items", `items without a label are left out, the first is ${where}`);
        return;
      }
      if (found.text !== undefined && canonicalText(found.text) === "")
        warnings.add("empty-texts", `items without text are kept, the first is ${place.file}:${place.line}`);
      const item =
        found.id === undefined
          ? { ...found, id: ofText(split, found.text ?? "", found.labels) }
          : ofRows(split, { ...found, id: found.id }, place);
      items.set(item.id, item);
      if (!splitOf.has(item.id)) splitOf.set(item.id, split);
      splits.set(split, (splits.get(split) ?? new Set()).add(item.id));
    },
    finish(frame) {
      const closed = new Map([...splits].map(([name, ids]) => [name, [...ids]]));
      return { kind: "labelled", ...frame, items, splits: closed, fingerprint: hashOf(frame, items, closed) };
    },
  };
}

function sameText(held: LabelledItem, item: LabelledItem, { file, line }: Place): void {
  if (held.text === item.text || canonicalText(held.text ?? "") === canonicalText(item.text ?? "")) return;
  throw inputError("duplicate-id", "two different texts have the same id", {
    file,
    line,
    field: item.id,
    found: describeValue(item.text),
    expected: describeValue(held.text),
    hint: "give each text an id of its own",
  });
}

function sameLabels(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label) => b.includes(label));
}

/** The labels of two rows of one item; a row without grades holds its labels with grade 1. */
function joined(held: LabelledItem, item: LabelledItem): LabelledItem {
  const labels = [...new Set([...held.labels, ...item.labels])];
  if (held.grades === undefined && item.grades === undefined) return { ...held, labels };
  const gradeIn = ({ labels: own, grades }: LabelledItem, label: string) => grades?.[own.indexOf(label)] ?? 1;
  return { ...held, labels, grades: labels.map((label) => gradeIn(held.labels.includes(label) ? held : item, label)) };
}

function hashOf(
  { content, picture }: LabelledFrame,
  items: ReadonlyMap<string, LabelledItem>,
  splits: ReadonlyMap<string, readonly string[]>,
): string {
  const hash = contentHash();
  hash.add(content, picture);
  for (const { id, text, labels, grades, pixels, vector } of items.values()) {
    hash.add(id, text, labels, grades);
    if (pixels !== undefined) hash.bytes(pixels);
    if (vector !== undefined) hash.bytes(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  }
  for (const [name, ids] of splits) hash.add("split", name, ...ids);
  return hash.digest();
}
