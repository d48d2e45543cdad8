import { describe, expect, test } from "vitest";
import { gradients } from "#nearmiss/autodiff/index.js";
import { rng } from "#nearmiss/base/rng.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import type { HostTensor } from "#nearmiss/graph/index.js";
import { isOp } from "#nearmiss/graph/tensor.js";
import { topological } from "#nearmiss/graph/walk.js";
import { bertNetwork } from "#nearmiss/nn/bert.js";
import { maskedLanguageModel, maskedLmNames } from "#nearmiss/nn/masked-lm.js";
import { slowBert, type WeightMap } from "./slow-transformer.js";

const config = {
  ...{ vocabSize: 13, hiddenSize: 8, layers: 1, heads: 2, intermediateSize: 12, maxPositions: 12 },
  ...{ typeVocabSize: 2, layerNormEpsilon: 1e-5, activation: "relu" as const },
};
const network = bertNetwork("bert", { ...config, activation: "gelu" });
const names = maskedLmNames.bert;
const rows = [
  { ids: [2, 4, 9, 3], labels: [-100, 7, -100, -100] },
  { ids: [2, 4, 5, 6, 4, 3], labels: [-100, 8, -100, 6, -100, 12] },
  { ids: [2, 3], labels: [-100, -100] },
].map(({ ids, labels }) => ({ ids: Int32Array.from(ids), labels: Int32Array.from(labels) }));

describe.each([true, false])("with the word table for the last product: %s", (tied) => {
  const head = { activation: config.activation, layerNormEpsilon: 1e-5, denseBias: true, normBias: true };
  const model = maskedLanguageModel(network, { ...head, outputBias: tied, tied });
  const generator = rng(9, "weights");
  const weights = new Map<string, HostTensor>(
    [...model.parameters].map(([name, shape]) => {
      const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.5 * generator.normal());
      return [name, { dtype: "float32", shape, data }];
    }),
  );
  const collated = model.collate(rows, 2);
  const { logits, loss } = model.forward({ groups: collated.groups, dropout: 0, attentionDropout: 0 });

  test("logits and loss are those of a loop over the labelled tokens", () => {
    const out = evaluate({ logits, loss }, collated.feeds, weights);
    expect(out["logits"]!.shape).toEqual([4, 13]);
    // Texts are packed by length: the second row has no label, then come the first and the longest.
    const packed = [...collated.place.keys()].sort((a, b) => collated.place[a]! - collated.place[b]!);
    const labelled = packed.flatMap((i) => {
      const states = slowBert("bert", { ...config, activation: "gelu" }, weights, [...rows[i]!.ids]);
      return states.flatMap((state, t) => (rows[i]!.labels[t]! < 0 ? [] : [{ state, label: rows[i]!.labels[t]! }]));
    });
    let total = 0;
    labelled.forEach(({ state, label }, row) => {
      const wanted = slowGuess(weights, state, tied);
      wanted.forEach((value, token) => {
        expect(out["logits"]!.data[row * 13 + token]).toBeCloseTo(value, 10);
      });
      total += Math.log(wanted.reduce((sum, x) => sum + Math.exp(x), 0)) - wanted[label]!;
    });
    expect(out["loss"]!.data[0]).toBeCloseTo(total / 4, 10);
  });

  test("the gradient equals central differences, that of the word table in both its uses", () => {
    const nodes = topological([loss]).flatMap((node) => (isOp(node, "parameter") ? [node] : []));
    const sums = new Map<string, NonNullable<ReturnType<typeof gradients>[number]>>();
    gradients(loss, nodes).forEach((gradient, i) => {
      const { name } = nodes[i]!.attributes;
      sums.set(name, sums.get(name)?.add(gradient!) ?? gradient!);
    });
    expect([...sums.keys()].sort()).toEqual([...model.parameters.keys()].sort());
    const found = evaluate(Object.fromEntries(sums), collated.feeds, weights);
    const value = () => evaluate({ loss }, collated.feeds, weights)["loss"]!.data[0]!;
    const probe = (name: string, at: number) => {
      const { data } = weights.get(name)!;
      const before = data[at]!;
      data[at] = before + 1e-5;
      const up = value();
      data[at] = before - 1e-5;
      const down = value();
      data[at] = before;
      expect(found[name]!.data[at], `${name}[${at}]`).toBeCloseTo((up - down) / 2e-5, 6);
    };
    // Token 4 is read and guessed; token 7 is only guessed.
    for (const at of [4 * 8, 4 * 8 + 5, 7 * 8 + 1]) probe(network.words, at);
    for (const name of [names.dense, names.norm]) for (const part of ["weight", "bias"]) probe(`${name}.${part}`, 3);
    probe(tied ? names.outputBias : names.output, 7);
  });
});

test("a batch without labels is refused", () => {
  const model = maskedLanguageModel(network, {
    ...{ activation: "gelu", layerNormEpsilon: 1e-5, denseBias: true, normBias: true, outputBias: true, tied: true },
  });
  expect(() => model.collate([rows[2]!], 1)).toThrow(RangeError);
});

/** Logits of one state: product, ReLU, norm, and a product with a row for each token. */
function slowGuess(weights: WeightMap, state: readonly number[], tied: boolean): number[] {
  const values = (name: string) => Array.from(weights.get(name)!.data);
  const product = (x: readonly number[], weight: string, bias: string | null) => {
    const width = x.length;
    const table = values(weight);
    return Array.from({ length: table.length / width }, (_, o) =>
      x.reduce((sum, v, i) => sum + v * table[o * width + i]!, bias === null ? 0 : values(bias)[o]!),
    );
  };
  const active = product(state, `${names.dense}.weight`, `${names.dense}.bias`).map((x) => Math.max(0, x));
  const mean = active.reduce((a, b) => a + b, 0) / 8;
  const deviation = Math.sqrt(active.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 8 + 1e-5);
  const [scale, shift] = [values(`${names.norm}.weight`), values(`${names.norm}.bias`)];
  const normed = active.map((x, i) => ((x - mean) / deviation) * scale[i]! + shift[i]!);
  return product(normed, tied ? network.words : names.output, tied ? names.outputBias : null);
}
