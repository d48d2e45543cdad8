import { dropout, dropoutMask, dropoutRate, geluGate, geluTanh, relu, type Tensor } from "../graph/index.js";
import { type BertNames, bertNames } from "./bert-names.js";
import {
  type BertFamily,
  denseShapes,
  type Layout,
  type Masks,
  type Modules,
  modulesOf,
  type Network,
  normShapes,
  type Shapes,
} from "./network.js";

export interface BertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  /** 0: there are no token types. */
  readonly typeVocabSize: number;
  readonly layerNormEpsilon: number;
  readonly activation: "gelu" | "gelu_new" | "relu";
  /** Width of the embeddings where a projection to the hidden size follows (ELECTRA). */
  readonly embeddingSize?: number;
  /** The padding token, where positions count from the place after it (RoBERTa, MPNet). */
  readonly positionsAfter?: number;
  /** Buckets of the bias by relative position (MPNet). */
  readonly relativeBuckets?: number;
}

/**
 * BERT (Devlin et al. 2019) and the encoders that differ from it in names and details: RoBERTa (Liu et al. 2019), MPNet (Song et al. 2020),
 * DistilBERT (Sanh et al. 2019), ELECTRA (Clark et al. 2020). Parameter names are those of the checkpoint without its prefix.
 */
export function bertNetwork(family: BertFamily, config: BertConfig): Network {
  const { hiddenSize, heads, maxPositions } = config;
  const names = bertNames(family);
  const shapes = parameters(config, names);
  const modules = modulesOf(shapes, config.layerNormEpsilon);
  return {
    family,
    hiddenSize,
    heads,
    maxPositions,
    parameters: shapes,
    words: WORDS,
    positions: { after: config.positionsAfter ?? null },
    rotary: [],
    tokens(layout) {
      const masks = config.relativeBuckets === undefined ? layout.masks : layout.relative(modules.weight(RELATIVE));
      let x = embeddings(shapes, modules, layout);
      for (let i = 0; i < config.layers; i++) x = layer(x, i, { config, names, modules, layout, masks });
      return x;
    },
  };
}

const WORDS = "embeddings.word_embeddings.weight";
const POSITIONS = "embeddings.position_embeddings.weight";
const TYPES = "embeddings.token_type_embeddings.weight";
const PROJECTION = "embeddings_project";
const RELATIVE = "encoder.relative_attention_bias.weight";

function parameters(config: BertConfig, names: BertNames): Shapes {
  const { hiddenSize: h, intermediateSize: f, relativeBuckets, embeddingSize: e = h } = config;
  const shapes = new Map<string, readonly number[]>([
    [WORDS, [config.vocabSize, e]],
    [POSITIONS, [config.maxPositions, e]],
  ]);
  const add = (entries: readonly [string, readonly number[]][]) => {
    for (const [name, shape] of entries) shapes.set(name, shape);
  };
  if (config.typeVocabSize > 0) shapes.set(TYPES, [config.typeVocabSize, e]);
  add(normShapes("embeddings.LayerNorm", e));
  if (e !== h) add(denseShapes(PROJECTION, h, e));
  if (relativeBuckets !== undefined) shapes.set(RELATIVE, [relativeBuckets, config.heads]);
  for (let i = 0; i < config.layers; i++) {
    const own = (part: string) => `${names.layers}.${i}.${part}`;
    for (const part of [names.query, names.key, names.value, names.context]) add(denseShapes(own(part), h, h));
    add(normShapes(own(names.contextNorm), h));
    add(denseShapes(own(names.inner), f, h));
    add(denseShapes(own(names.outer), h, f));
    add(normShapes(own(names.outerNorm), h));
  }
  return shapes;
}

function embeddings(shapes: Shapes, { weight, norm, dense }: Modules, layout: Layout): Tensor {
  const placed = layout.words(weight(WORDS)).add(layout.positions(weight(POSITIONS)));
  const typed = shapes.has(TYPES) ? placed.add(layout.types(weight(TYPES))) : placed;
  const normed = norm(typed, "embeddings.LayerNorm");
  const { dropout: rate } = layout;
  const dropped = rate === 0 ? normed : dropout(normed, dropoutMask(normed.shape, rate, "embeddings"), rate);
  return shapes.has(`${PROJECTION}.weight`) ? dense(dropped, PROJECTION) : dropped;
}

interface LayerParts {
  readonly config: BertConfig;
  readonly names: BertNames;
  readonly modules: Modules;
  readonly layout: Layout;
  readonly masks: Masks;
}

/** One transformer layer on token rows: attention, then the feed-forward block, each with its input added and normalised after. */
function layer(x: Tensor, index: number, { config, names, modules, layout, masks }: LayerParts): Tensor {
  const { dense, norm } = modules;
  const name = `${names.layers}.${index}`;
  // Dropout's factor folds into the product before it.
  const dropped = (from: Tensor, part: string, rate: number, path: string, alpha = 1) => {
    const kept = 1 - dropoutRate(rate);
    const y = dense(from, `${name}.${part}`, { alpha: alpha / kept, beta: 1 / kept });
    return kept === 1 ? y : y.mul(dropoutMask(y.shape, rate, path).cast("float32"));
  };
  const [q, k, v] = [names.query, names.key, names.value].map((part) => dense(x, `${name}.${part}`));
  const context = layout.attend(q as Tensor, k as Tensor, v as Tensor, masks, `${name}.attention.self`);
  const contextRate = names.dropsContext ? layout.dropout : 0;
  const attended = dropped(context, names.context, contextRate, `${name}.attention.output`);
  const middle = norm(attended.add(x), `${name}.${names.contextNorm}`);
  const half = Math.SQRT1_2;
  // gelu(z) = z/2 · (1 + erf(z/√2)); with u = z/√2 it is u·(1 + erf u)/√2, whose factors fold into the two products.
  const gate = config.activation === "gelu";
  const wide = dense(middle, `${name}.${names.inner}`, gate ? { alpha: half, beta: half } : {});
  const active = gate ? geluGate(wide) : config.activation === "gelu_new" ? geluTanh(wide) : relu(wide);
  const expanded = dropped(active, names.outer, layout.dropout, `${name}.output`, gate ? half : 1);
  return norm(expanded.add(middle), `${name}.${names.outerNorm}`);
}
