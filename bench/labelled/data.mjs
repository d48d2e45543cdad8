// Labelled texts and pictures of the comparisons: Banking77, Omniglot with unseen characters, digits.
import { existsSync } from "node:fs";
import { rng, shuffle } from "#nearmiss/base/rng.js";
import { loadDataset } from "#nearmiss/data/load.js";

/** Data sets that are there, by name, each with what it is trained with. `folder` holds them as downloaded. */
export async function labelledSets(folder, names) {
  const sets = [];
  for (const name of names) {
    const path = `${folder}/${{ banking77: "banking77", omniglot: "omniglot-small", digits: "mnist" }[name]}`;
    if (!existsSync(path)) throw new Error(`${path} is not there`);
    const data = await loadDataset(path);
    sets.push({ name, ...makers[name](data) });
  }
  return sets;
}

const makers = {
  /** Texts of 77 intents. */
  banking77: (data) => ({
    about:
      "Banking77: 10,003 training questions of 77 intents, 3,080 test questions, static embeddings of 64 dimensions",
    data,
    config: { model: "static", dimension: 64, learningRate: 0.03 },
  }),
  /** Characters of alphabets; those of the test are never trained on. 105 × 105 pixels are averaged to 21 × 21. */
  omniglot(data) {
    const items = new Map([...data.items].map(([id, item]) => [id, { ...item, pixels: shrink(item.pixels, 105, 5) }]));
    const [train, other] = [data.splits.get("small1"), data.splits.get("small2")];
    const seen = new Set(train.flatMap((id) => items.get(id).labels));
    const test = other.filter((id) => !items.get(id).labels.some((label) => seen.has(label)));
    return {
      about:
        "Omniglot: 20 drawings of each of 136 characters to train, of 106 other characters to test, an MLP 441-256-64",
      data: {
        ...data,
        items,
        picture: { height: 21, width: 21, channels: 1 },
        splits: new Map([
          ["train", train],
          ["test", test],
        ]),
      },
      config: { model: "mlp", hidden: [256], dimension: 64, learningRate: 1e-3 },
    };
  },
  /** Digits: a part, chosen by seed. */
  digits(data) {
    const some = (split, count) => shuffle([...data.splits.get(split)], rng(1, "digits", split)).slice(0, count);
    const splits = new Map([
      ["train", some("train", 6000)],
      ["test", some("test", 2000)],
    ]);
    const kept = new Set([...splits.values()].flat());
    return {
      about: "MNIST: 6,000 digits to train, 2,000 to test, an MLP 784-128-32",
      data: { ...data, items: new Map([...data.items].filter(([id]) => kept.has(id))), splits },
      config: { model: "mlp", hidden: [128], dimension: 32, learningRate: 1e-3 },
    };
  },
};

/** Means of squares of `factor` × `factor` pixels. */
function shrink(pixels, width, factor) {
  const small = width / factor;
  return Uint8Array.from({ length: small * small }, (_, i) => {
    const [row, column] = [Math.floor(i / small) * factor, (i % small) * factor];
    let sum = 0;
    for (let y = 0; y < factor; y++) for (let x = 0; x < factor; x++) sum += pixels[(row + y) * width + column + x];
    return sum / factor ** 2;
  });
}
