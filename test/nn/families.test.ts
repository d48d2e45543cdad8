import { describe, expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { type HostTensor, input } from "#nearmiss/graph/index.js";
import { isOp } from "#nearmiss/graph/tensor.js";
import { topological } from "#nearmiss/graph/walk.js";
import { bertNetwork } from "#nearmiss/nn/bert.js";
import type { PoolingMode } from "#nearmiss/nn/encoder.js";
import { relativeBuckets } from "#nearmiss/nn/masks.js";
import { modernBertNetwork } from "#nearmiss/nn/modernbert.js";
import type { Network } from "#nearmiss/nn/network.js";
import { embeddingTop, transformerEncoder } from "#nearmiss/nn/transformer.js";
import { bucket, slowBert, slowModernBert, type WeightMap } from "./slow-transformer.js";

const sizes = {
  ...{ vocabSize: 30, hiddenSize: 8, layers: 2, heads: 2, intermediateSize: 12, maxPositions: 40 },
  ...{ typeVocabSize: 2, layerNormEpsilon: 1e-5, activation: "gelu" as const },
};
const modern = {
  ...{ ...sizes, layers: 4, full: 3, reach: 2, fullBase: 160_000, slidingBase: 100 },
  ...{ attentionBias: false, mlpBias: false, normBias: false },
} as const;
const biased = { ...modern, full: [false, true, false, true], attentionBias: true, mlpBias: true, normBias: true };
const roberta = { ...sizes, typeVocabSize: 1, positionsAfter: 1 };
const mpnet = { ...sizes, typeVocabSize: 0, positionsAfter: 1, relativeBuckets: 8 };
const distilbert = { ...sizes, typeVocabSize: 0 };
const electra = { ...sizes, embeddingSize: 6 };

type Slow = (weights: WeightMap, ids: readonly number[]) => number[][];
const families: readonly (readonly [string, Network, Slow])[] = [
  ["BERT", bertNetwork("bert", sizes), (w, ids) => slowBert("bert", sizes, w, ids)],
  ["RoBERTa", bertNetwork("roberta", roberta), (w, ids) => slowBert("roberta", roberta, w, ids)],
  ["MPNet", bertNetwork("mpnet", mpnet), (w, ids) => slowBert("mpnet", mpnet, w, ids)],
  ["DistilBERT", bertNetwork("distilbert", distilbert), (w, ids) => slowBert("distilbert", distilbert, w, ids)],
  ["ELECTRA", bertNetwork("electra", electra), (w, ids) => slowBert("electra", electra, w, ids)],
  ["ModernBERT", modernBertNetwork(modern), (w, ids) => slowModernBert(modern, w, ids)],
  ["ModernBERT with biases", modernBertNetwork(biased), (w, ids) => slowModernBert(biased, w, ids)],
];

function randomWeights(network: Network): Map<string, HostTensor> {
  const generator = rng(3, "weights");
  return new Map(
    [...network.parameters].map(([name, shape]) => {
      const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.5 * generator.normal());
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}

/** Of several lengths; one holds the padding token, 1, in its middle. */
const texts = [
  [2, 5, 6, 3],
  [2, 3],
  [2, 9, 1, 7, 6, 1, 3],
  [2, 11, 3],
  [2, ...Array.from({ length: 20 }, (_, i) => 4 + ((i * 7) % 26)), 3],
];
const sequences = texts.map((ids) => ({ ids: Int32Array.from(ids) }));
const encoderOf = (network: Network, modes: readonly PoolingMode[]) =>
  transformerEncoder(network, embeddingTop(network.hiddenSize, modes, []));

describe.each(families)("%s", (_, network, slow) => {
  const weights = randomWeights(network);

  test.each([1, 3])("packed rows in %i length groups give the vectors of a loop over each text", (groups) => {
    const encoder = encoderOf(network, ["cls", "mean", "lasttoken"]);
    const collated = encoder.collate(sequences, groups);
    const vectors = encoder.forward({ groups: collated.groups, dropout: 0, attentionDropout: 0 });
    const { data } = evaluate({ vectors }, collated.feeds, weights)["vectors"]!;
    texts.forEach((ids, i) => {
      const rows = slow(weights, ids);
      const mean = rows[0]!.map((_, c) => rows.reduce((total, row) => total + row[c]!, 0) / rows.length);
      const start = collated.place[i]! * encoder.dimension;
      // Rotary angles are fed in float32.
      [...rows[0]!, ...mean, ...rows.at(-1)!].forEach((value, c) => {
        expect(data[start + c], `text ${i}, coordinate ${c}`).toBeCloseTo(value, 5);
      });
    });
  });

  test("a padded batch gives the same vectors and tokens as packed rows", () => {
    const encoder = encoderOf(network, ["cls", "mean", "max"]);
    const collated = encoder.collate(sequences, 2);
    const vectors = encoder.forward({ groups: collated.groups, dropout: 0, attentionDropout: 0 });
    const packed = evaluate({ vectors }, collated.feeds, weights)["vectors"]!;
    const length = Math.max(...texts.map((ids) => ids.length));
    const shape = ["batch", "sequence"];
    const column = (fill: (ids: readonly number[], t: number) => number): HostTensor => ({
      dtype: "int32",
      shape: [texts.length, length],
      data: Int32Array.from(texts.flatMap((ids) => Array.from({ length }, (_, t) => fill(ids, t)))),
    });
    const mask = input("mask", shape, "int32").cast("float32");
    const padded = encoder.forwardPadded({
      ids: input("ids", shape, "int32"),
      mask,
      types: input("types", shape, "int32"),
    });
    const feeds = {
      ids: column((ids, t) => ids[t] ?? 1),
      mask: column((ids, t) => (t < ids.length ? 1 : 0)),
      types: column(() => 0),
    };
    const found = evaluate({ vectors: padded.vectors }, feeds, weights)["vectors"]!;
    expect(padded.tokens.shape).toEqual(["batch", "sequence", 8]);
    texts.forEach((_, i) => {
      for (let c = 0; c < encoder.dimension; c++)
        expect(found.data[i * encoder.dimension + c]).toBeCloseTo(
          packed.data[collated.place[i]! * encoder.dimension + c]!,
          6,
        );
    });
  });

  test("the packed gradient equals central differences for every parameter", () => {
    const encoder = encoderOf(network, ["mean"]);
    const some = sequences.slice(0, 4);
    const collated = encoder.collate(some, 2);
    const vectors = encoder.forward({ groups: collated.groups, dropout: 0, attentionDropout: 0 });
    // A loss that is no symmetric function of the rows.
    const loss = vectors.matmul(vectors, { transposeB: true }).mul(0.1).exp().mul(vectors.sum(1)).sum();
    const nodes = topological([loss]).flatMap((node) => (isOp(node, "parameter") ? [node] : []));
    const sums = new Map<string, NonNullable<ReturnType<typeof gradients>[number]>>();
    gradients(loss, nodes).forEach((gradient, i) => {
      const { name } = nodes[i]!.attributes;
      sums.set(name, sums.get(name)?.add(gradient!) ?? gradient!);
    });
    expect([...sums.keys()].sort()).toEqual([...encoder.parameters.keys()].sort());
    const found = evaluate(Object.fromEntries(sums), collated.feeds, weights);
    const value = () => evaluate({ loss }, collated.feeds, weights)["loss"]!.data[0]!;
    for (const [name, { data }] of weights) {
      // Probed where it is largest: the key biases' is nothing but rounding.
      const gradient = Array.from(found[name]!.data);
      const at = gradient.reduce((best, x, i) => (Math.abs(x) > Math.abs(gradient[best]!) ? i : best), 0);
      const before = data[at]!;
      data[at] = before + 1e-5;
      const up = value();
      data[at] = before - 1e-5;
      const down = value();
      data[at] = before;
      const difference = (up - down) / 2e-5;
      const allowed = 1e-6 + 1e-5 * Math.abs(difference);
      expect(Math.abs(gradient[at]! - difference), `${name}[${at}]`).toBeLessThan(allowed);
    }
  });
});

test.each([8, 32, 64])("of %i buckets each relative position has the one whose bounds hold it", (count) => {
  const found = relativeBuckets(count);
  expect([...found]).toEqual(Array.from(found, (_, i) => bucket(i - 128, count)));
});

test("a pooling by token averages the tokens with its id, and is refused where a text has none", () => {
  const network = families[0]![1];
  const encoder = transformerEncoder(network, embeddingTop(8, [{ token: 1 }], []));
  const weights = randomWeights(network);
  const collated = encoder.collate([sequences[2]!], 1);
  const vectors = encoder.forward({ groups: collated.groups, dropout: 0, attentionDropout: 0 });
  const { data } = evaluate({ vectors }, collated.feeds, weights)["vectors"]!;
  const rows = slowBert("bert", sizes, weights, texts[2]!);
  for (let c = 0; c < 8; c++) expect(data[c]).toBeCloseTo((rows[2]![c]! + rows[5]![c]!) / 2, 10);
  expect(() => encoder.collate(sequences, 1)).toThrow(/no token of the kind/);
});
