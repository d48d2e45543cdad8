import { expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import type { HostTensor } from "#nearmiss/graph/index.js";
import { isOp } from "#nearmiss/graph/tensor.js";
import { topological } from "#nearmiss/graph/walk.js";
import { bertNetwork } from "#nearmiss/nn/bert.js";
import type { PoolingMode, TextEncoder } from "#nearmiss/nn/encoder.js";
import { embeddingTop, transformerEncoder } from "#nearmiss/nn/transformer.js";

const config = {
  vocabSize: 30,
  hiddenSize: 8,
  layers: 2,
  heads: 2,
  intermediateSize: 12,
  maxPositions: 16,
  typeVocabSize: 2,
  layerNormEpsilon: 1e-12,
  activation: "gelu",
} as const;

function randomWeights(encoder: TextEncoder): Map<string, HostTensor> {
  const generator = rng(3, "weights");
  return new Map(
    [...encoder.parameters].map(([name, shape]) => [
      name,
      {
        dtype: "float32",
        shape,
        data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.5 * generator.normal()),
      },
    ]),
  );
}

const sequences = [
  [2, 5, 6, 3],
  [2, 3],
  [2, 9, 8, 7, 6, 5, 3],
  [2, 11, 3],
  [2, 4, 4, 3],
].map((ids) => ({ ids: Int32Array.from(ids) }));

function encode(
  encoder: TextEncoder,
  weights: Map<string, HostTensor>,
  items: typeof sequences,
  groups: number,
): number[][] {
  const collated = encoder.collate(items, groups);
  const vectors = encoder.forward({ groups: collated.groups, dropout: 0, attentionDropout: 0 });
  const out = evaluate({ vectors }, collated.feeds, weights)["vectors"] as HostTensor;
  return items.map((_, i) =>
    Array.from(
      out.data.slice(
        (collated.place[i] as number) * encoder.dimension,
        ((collated.place[i] as number) + 1) * encoder.dimension,
      ),
    ),
  );
}

test.each<PoolingMode>(["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"])(
  "a text's vector with %s pooling does not depend on its neighbours or on the number of length groups",
  (mode) => {
    const encoder = transformerEncoder(bertNetwork("bert", config), embeddingTop(8, [mode], [{ type: "normalize" }]));
    const weights = randomWeights(encoder);
    const together = encode(encoder, weights, sequences, 3);
    const one = encode(encoder, weights, sequences, 1);
    sequences.forEach((sequence, i) => {
      const alone = encode(encoder, weights, [sequence], 1)[0] as number[];
      alone.forEach((value, j) => {
        expect(together[i]?.[j]).toBeCloseTo(value, 12);
        expect(one[i]?.[j]).toBeCloseTo(value, 12);
      });
    });
  },
);

test("the packed gradient equals central differences for every parameter", () => {
  const encoder = transformerEncoder(bertNetwork("bert", config), embeddingTop(8, ["mean"], [{ type: "normalize" }]));
  const weights = randomWeights(encoder);
  const collated = encoder.collate(sequences, 3);
  const vectors = encoder.forward({ groups: collated.groups, dropout: 0, attentionDropout: 0 });
  // A loss that is no symmetric function of the rows.
  const loss = vectors.matmul(vectors, { transposeB: true }).exp().mul(vectors.sum(1)).sum();
  const parameters = topological([loss]).filter((node) => isOp(node, "parameter"));
  const found = gradients(loss, parameters);
  const value = () => evaluate({ loss }, collated.feeds, weights)["loss"]?.data[0] as number;
  const generator = rng(4, "probe");
  parameters.forEach((node, i) => {
    const name = (node.attributes as { name: string }).name;
    const gradient = evaluate({ g: found[i] as NonNullable<(typeof found)[number]> }, collated.feeds, weights)[
      "g"
    ] as HostTensor;
    const held = (weights.get(name) as HostTensor).data;
    for (let probe = 0; probe < 4; probe++) {
      const at = generator.int(held.length);
      const before = held[at] as number;
      held[at] = before + 1e-5;
      const up = value();
      held[at] = before - 1e-5;
      const down = value();
      held[at] = before;
      expect(gradient.data[at], `${name}[${at}]`).toBeCloseTo((up - down) / 2e-5, 5);
    }
  });
});
