import {
  attention,
  type Dim,
  dropout,
  dropoutMask,
  dropoutRate,
  gather,
  gatherRows,
  geluGate,
  geluTanh,
  input,
  layerNorm,
  linear,
  mergeRows,
  parameter,
  partitionRows,
  relu,
  reshape,
  slice,
  type Tensor,
  transpose,
} from "../graph/index.js";
import type {
  Collated,
  ForwardOptions,
  Head,
  PaddedInputs,
  PaddedOutputs,
  PoolingMode,
  Sequence,
  TextEncoder,
} from "./encoder.js";
import { applyHead, headParameters } from "./head.js";
import { headIndex, packSequences } from "./packing.js";
import { poolingFeeds, poolPacked, poolPadded } from "./pooling.js";

export interface BertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly typeVocabSize: number;
  readonly layerNormEpsilon: number;
  readonly activation: "gelu" | "gelu_new" | "relu";
}

/** A BERT encoder (Devlin et al. 2019) with pooling and head. Parameter names are those of the checkpoint without its prefix. */
export function bertEncoder(
  config: BertConfig,
  pooling: readonly PoolingMode[],
  head: readonly Head[],
  pooled: number,
): TextEncoder {
  const shapes = bertParameters(config);
  const last = head.findLast((module) => module.type === "dense");
  return {
    family: "bert",
    dimension: last?.type === "dense" ? last.outFeatures : pooled,
    parameters: new Map([...shapes, ...headParameters(head)]),
    collate: (sequences, maxGroups, padTo) => collate(config, pooling, sequences, maxGroups, padTo),
    forward(options) {
      const tokens = packedTokens(config, shapes, options);
      return applyHead(poolPacked(tokens, pooling, options.groups), head);
    },
    forwardPadded(inputs) {
      const tokens = paddedTokens(config, shapes, inputs);
      return { vectors: applyHead(poolPadded(tokens, inputs.mask, pooling), head), tokens } satisfies PaddedOutputs;
    },
  };
}

/** Shapes of all parameters that the vectors depend on. Linear weights are [out, in], as in the file. */
export function bertParameters(config: BertConfig): Map<string, readonly number[]> {
  const { hiddenSize: h, intermediateSize: f } = config;
  const shapes = new Map<string, readonly number[]>([
    ["embeddings.word_embeddings.weight", [config.vocabSize, h]],
    ["embeddings.position_embeddings.weight", [config.maxPositions, h]],
    ["embeddings.token_type_embeddings.weight", [config.typeVocabSize, h]],
  ]);
  const norm = (name: string) => shapes.set(`${name}.weight`, [h]).set(`${name}.bias`, [h]);
  const dense = (name: string, out: number, from: number) =>
    shapes.set(`${name}.weight`, [out, from]).set(`${name}.bias`, [out]);
  norm("embeddings.LayerNorm");
  for (let i = 0; i < config.layers; i++) {
    const layer = `encoder.layer.${i}`;
    for (const part of ["query", "key", "value"]) dense(`${layer}.attention.self.${part}`, h, h);
    dense(`${layer}.attention.output.dense`, h, h);
    norm(`${layer}.attention.output.LayerNorm`);
    dense(`${layer}.intermediate.dense`, f, h);
    dense(`${layer}.output.dense`, h, f);
    norm(`${layer}.output.LayerNorm`);
  }
  return shapes;
}

type Shapes = ReadonlyMap<string, readonly number[]>;

/** Mixes tokens: query, key and value rows in, context rows out, whatever the layout of the rows. */
type Attend = (q: Tensor, k: Tensor, v: Tensor, path: string) => Tensor;

interface LayerOptions {
  readonly config: BertConfig;
  readonly shapes: Shapes;
  readonly dropout: number;
}

/** One transformer layer on rows [tokens, hidden] (or [batch, sequence, hidden]). */
function layer(x: Tensor, name: string, attend: Attend, options: LayerOptions): Tensor {
  const { config, shapes } = options;
  const dense = (from: Tensor, part: string, factors?: { alpha?: number; beta?: number }) =>
    linear(from, weight(shapes, `${part}.weight`), weight(shapes, `${part}.bias`), factors);
  // Dropout's factor folds into the product before it.
  const kept = 1 - dropoutRate(options.dropout);
  const dropped = (from: Tensor, part: string, path: string, alpha = 1) => {
    const y = dense(from, part, { alpha: alpha / kept, beta: 1 / kept });
    return kept === 1 ? y : y.mul(dropoutMask(y.shape, options.dropout, path).cast("float32"));
  };
  const self = `${name}.attention.self`;
  const context = attend(dense(x, `${self}.query`), dense(x, `${self}.key`), dense(x, `${self}.value`), self);
  const attended = dropped(context, `${name}.attention.output.dense`, `${name}.attention.output`);
  const middle = norm(attended.add(x), `${name}.attention.output.LayerNorm`, options);
  const inner = `${name}.intermediate.dense`;
  const outer = `${name}.output.dense`;
  const half = Math.SQRT1_2;
  // gelu(z) = z/2 · (1 + erf(z/√2)); with u = z/√2 it is u·(1 + erf u)/√2, whose factors fold into the two products.
  const gate = config.activation === "gelu";
  const wide = dense(middle, inner, gate ? { alpha: half, beta: half } : {});
  const active = gate ? geluGate(wide) : config.activation === "gelu_new" ? geluTanh(wide) : relu(wide);
  const expanded = dropped(active, outer, `${name}.output`, gate ? half : 1);
  return norm(expanded.add(middle), `${name}.output.LayerNorm`, options);
}

/** Tokens [tokens, hidden] of a packed batch. */
function packedTokens(config: BertConfig, shapes: Shapes, options: ForwardOptions): Tensor {
  const { hiddenSize, heads } = config;
  const width = hiddenSize / heads;
  const ids = input("ids", ["tokens"], "int32");
  const positions = input("positions", ["tokens"], "int32");
  const layerOptions = { config, shapes, dropout: options.dropout };
  const embedded = gatherRows(weight(shapes, "embeddings.word_embeddings.weight"), ids)
    .add(gatherRows(weight(shapes, "embeddings.position_embeddings.weight"), positions))
    .add(slice(weight(shapes, "embeddings.token_type_embeddings.weight"), 0, 0, 1));
  const normed = norm(embedded, "embeddings.LayerNorm", layerOptions);
  const { dropout: rate } = options;
  let x = rate === 0 ? normed : dropout(normed, dropoutMask(normed.shape, rate, "embeddings"), rate);
  const groups = Array.from({ length: options.groups }, (_, g) => {
    const shape = [`count${g}`, heads, `length${g}`];
    return {
      index: input(`heads${g}`, shape, "int32"),
      mask: input(`mask${g}`, [`count${g}`, 1, 1, `length${g}`]),
      shape,
    };
  });
  const inverse = input("headPlaces", [`${heads}*tokens`], "int32");
  const cut = (rows: Tensor): readonly Tensor[] =>
    partitionRows(
      reshape(rows, [`${heads}*tokens`, width]),
      groups.map((group) => group.index),
      inverse,
    );
  const attend: Attend = (q, k, v, path) => {
    const [queries, keys, values] = [cut(q), cut(k), cut(v)];
    const contexts = groups.map((group, g) =>
      attention(queries[g] as Tensor, keys[g] as Tensor, values[g] as Tensor, group.mask, {
        scale: 1 / Math.sqrt(width),
        ...attentionDropout(options.attentionDropout, [...group.shape, `length${g}`], `${path}.group${g}`),
      }),
    );
    return reshape(
      mergeRows(
        contexts,
        groups.map((group) => group.index),
        inverse,
      ),
      ["tokens", hiddenSize],
    );
  };
  for (let i = 0; i < config.layers; i++) x = layer(x, `encoder.layer.${i}`, attend, layerOptions);
  return x;
}

/** Tokens [batch, sequence, hidden] of a padded batch, for export. */
function paddedTokens(config: BertConfig, shapes: Shapes, inputs: PaddedInputs): Tensor {
  const { hiddenSize, heads } = config;
  const [batch, sequence] = inputs.ids.shape as [Dim, Dim];
  const layerOptions = { config, shapes, dropout: 0 };
  const embedded = gather(weight(shapes, "embeddings.word_embeddings.weight"), inputs.ids)
    .add(slice(weight(shapes, "embeddings.position_embeddings.weight"), 0, 0, sequence))
    .add(gather(weight(shapes, "embeddings.token_type_embeddings.weight"), inputs.types));
  let x = norm(embedded, "embeddings.LayerNorm", layerOptions);
  const bias = inputs.mask.sub(1).mul(1e9).reshape([batch, 1, 1, sequence]);
  const cut = (rows: Tensor) => transpose(reshape(rows, [batch, sequence, heads, hiddenSize / heads]), [0, 2, 1, 3]);
  const attend: Attend = (q, k, v) =>
    reshape(
      transpose(attention(cut(q), cut(k), cut(v), bias, { scale: 1 / Math.sqrt(hiddenSize / heads) }), [0, 2, 1, 3]),
      [batch, sequence, hiddenSize],
    );
  for (let i = 0; i < config.layers; i++) x = layer(x, `encoder.layer.${i}`, attend, layerOptions);
  return x;
}

function collate(
  config: BertConfig,
  pooling: readonly PoolingMode[],
  sequences: readonly Sequence[],
  maxGroups: number,
  padTo?: readonly number[],
): Collated {
  const packing = packSequences(
    sequences.map((sequence) => sequence.ids.length),
    maxGroups,
    padTo,
  );
  const ids = new Int32Array(packing.tokens);
  const positions = new Int32Array(packing.tokens);
  for (let i = 0, at = 0; i < packing.order.length; i++) {
    const sequence = (sequences[packing.order[i] as number] as Sequence).ids;
    ids.set(sequence, at);
    for (let t = 0; t < sequence.length; t++) positions[at + t] = t;
    at += sequence.length;
  }
  const { indices, inverse } = headIndex(packing, config.heads);
  const feeds: Record<string, Collated["feeds"][string]> = {
    ids: { dtype: "int32", shape: [packing.tokens], data: ids },
    positions: { dtype: "int32", shape: [packing.tokens], data: positions },
    headPlaces: { dtype: "int32", shape: [inverse.length], data: inverse },
    ...poolingFeeds(packing, pooling, sequences),
  };
  packing.groups.forEach((group, g) => {
    const mask = new Float32Array(group.count * group.length);
    for (let i = 0; i < group.count; i++) {
      mask.fill(-1e9, i * group.length + (packing.lengths[group.first + i] as number), (i + 1) * group.length);
    }
    feeds[`heads${g}`] = {
      dtype: "int32",
      shape: [group.count, config.heads, group.length],
      data: indices[g] as Int32Array,
    };
    feeds[`mask${g}`] = { dtype: "float32", shape: [group.count, 1, 1, group.length], data: mask };
  });
  return { key: `bert-${packing.groups.length}`, groups: packing.groups.length, feeds, place: packing.place };
}

function weight(shapes: Shapes, name: string): Tensor {
  return parameter(name, shapes.get(name) as readonly number[]);
}

function norm(x: Tensor, name: string, { config, shapes }: LayerOptions): Tensor {
  return layerNorm(x, weight(shapes, `${name}.weight`), weight(shapes, `${name}.bias`), {
    epsilon: config.layerNormEpsilon,
  });
}

function attentionDropout(rate: number, shape: readonly Dim[], path: string) {
  return rate === 0 ? {} : { dropout: { mask: dropoutMask(shape, rate, path), rate } };
}
