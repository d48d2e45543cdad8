import { rng } from "#nearmiss/base/rng.js";
import type { LabelledData, LabelledItem, ScoredData } from "#nearmiss/base/types.js";
import type { TrainConfigInput } from "#nearmiss/train/config.js";

export interface MadeOptions {
  readonly classes?: number;
  readonly perClass?: number;
  /** Deviation of items from their class; the classes' own is 1. */
  readonly noise?: number;
  readonly content?: "text" | "pixels" | "vector";
  /** Items with a second label that the next class has too. */
  readonly shared?: boolean;
}

/** Seeded items of classes that can be told apart: in splits train, dev and test, of all classes each. */
export function makeLabelled(options: MadeOptions = {}): LabelledData {
  const { classes = 8, perClass = 20, noise = 0.4, content = "vector", shared = false } = options;
  const random = rng(5, "labelled");
  // What tells classes apart stands in six of twelve numbers; the others are louder.
  const centres = Array.from({ length: classes }, () =>
    Float32Array.from({ length: 12 }, (_, i) => (i < 6 ? random.normal() : 0)),
  );
  const items = new Map<string, LabelledItem>();
  const splits = new Map<string, string[]>([
    ["train", []],
    ["dev", []],
    ["test", []],
  ]);
  for (const [c, centre] of centres.entries()) {
    for (let i = 0; i < perClass; i++) {
      const id = `c${c}-${i}`;
      const labels = shared && i === 0 ? [`class ${c}`, `class ${(c + 1) % classes}`] : [`class ${c}`];
      const vector = centre.map((x, at) => x + (at < 6 ? noise : 2) * random.normal());
      const words = Array.from({ length: 6 }, () => `w${c * 4 + random.int(6)}`).join(" ");
      items.set(id, {
        id,
        labels,
        ...(content === "text" ? { text: `${words} ${id}` } : {}),
        ...(content === "pixels" ? { pixels: Uint8Array.from(vector, (x) => 128 + 20 * x) } : {}),
        ...(content === "vector" ? { vector } : {}),
      });
      splits.get(i < perClass * 0.6 ? "train" : i < perClass * 0.8 ? "dev" : "test")?.push(id);
    }
  }
  return {
    kind: "labelled",
    format: "made",
    source: "made",
    content,
    ...(content === "pixels" ? { picture: { height: 3, width: 4, channels: 1 } } : {}),
    items,
    splits,
    fingerprint: `sha256:${content}${classes}${perClass}`,
  };
}

/** Pairs of texts in two languages, that say the same in as many words as their score tells. */
export function makeScored(count = 240): ScoredData {
  const random = rng(6, "scored");
  const word = () => random.int(20);
  const pair = (i: number) => {
    const score = i % 6;
    const first = Array.from({ length: 5 }, word);
    const second = first.map((one, at) => (at < score ? one : word()));
    const text = (words: readonly number[], side: string) => ({
      id: `${side}${i}`,
      text: words.map((n) => `${side}${n}`).join(" "),
    });
    return { first: text(first, "a"), second: text(second, "b"), score };
  };
  const all = Array.from({ length: count }, (_, i) => pair(i));
  const splits = new Map([
    ["train", all.slice(0, count / 2)],
    ["dev", all.slice(count / 2, (3 * count) / 4)],
    ["test", all.slice((3 * count) / 4)],
  ]);
  return { kind: "scored", format: "made", source: "made", splits, fingerprint: "sha256:scored" };
}

/** A short run of a network on made vectors, with every kind of event. */
export const shortMlp = {
  data: "made",
  model: "mlp",
  hidden: [16],
  dimension: 8,
  batchSize: 24,
  steps: 18,
  learningRate: 0.01,
  evalEvery: 6,
  checkpointEvery: 5,
} as const satisfies TrainConfigInput;
