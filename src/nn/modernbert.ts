import { dropout, dropoutMask, geluGate, split, type Tensor } from "../graph/index.js";
import { denseShapes, type Layout, type Masks, modulesOf, type Network, normShapes, type Shapes } from "./network.js";

export interface ModernBertConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  readonly layerNormEpsilon: number;
  /** Whether each layer sees the whole text, or a number n: every n-th does, from the first on. The others see `reach` places before and behind. */
  readonly full: readonly boolean[] | number;
  readonly reach: number;
  /** Bases of the rotary positions in layers of either kind. */
  readonly fullBase: number;
  readonly slidingBase: number;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly normBias: boolean;
}

const WORDS = "embeddings.tok_embeddings.weight";

/** ModernBERT (Warner et al. 2024): rotary positions, full and sliding attention, GeGLU, norms before the blocks. */
export function modernBertNetwork(config: ModernBertConfig): Network {
  const { hiddenSize, heads, maxPositions, layers, reach, fullBase, slidingBase } = config;
  const full = Array.from({ length: layers }, (_, i) =>
    typeof config.full === "number" ? i % config.full === 0 : config.full[i] === true,
  );
  const shapes = parameters(config);
  const { weight, dense, norm } = modulesOf(shapes, config.layerNormEpsilon);

  /** x plus attention over its norm; the first layer's norm is that of the embeddings. */
  const attended = (x: Tensor, i: number, layout: Layout, sliding: Masks): Tensor => {
    const name = `layers.${i}`;
    const [masks, base] = full[i] ? [layout.masks, fullBase] : [sliding, slidingBase];
    const normed = i === 0 ? x : norm(x, `${name}.attn_norm`);
    const parts = split(dense(normed, `${name}.attn.Wqkv`), [hiddenSize, hiddenSize, hiddenSize], x.rank - 1);
    const [q, k, v] = parts as [Tensor, Tensor, Tensor];
    const context = layout.attend(layout.rotate(q, base), layout.rotate(k, base), v, masks, `${name}.attn`);
    return x.add(dropped(dense(context, `${name}.attn.Wo`), layout.dropout, `${name}.attn.out`));
  };

  /** x plus the gated block: gelu(a) ∘ b with a and b the halves of one product. */
  const expanded = (x: Tensor, i: number, layout: Layout): Tensor => {
    const name = `layers.${i}.mlp`;
    const f = config.intermediateSize;
    // √2 · gelu(a) is geluGate(a/√2): with both halves over √2 the factors cancel.
    const wide = dense(norm(x, `layers.${i}.mlp_norm`), `${name}.Wi`, { alpha: Math.SQRT1_2, beta: Math.SQRT1_2 });
    const [a, b] = split(wide, [f, f], x.rank - 1) as [Tensor, Tensor];
    return x.add(dense(dropped(geluGate(a).mul(b), layout.dropout, `${name}.gate`), `${name}.Wo`));
  };

  return {
    family: "modernbert",
    hiddenSize,
    heads,
    maxPositions,
    parameters: shapes,
    words: WORDS,
    positions: null,
    rotary: [...new Set(full.map((whole) => (whole ? fullBase : slidingBase)))],
    tokens(layout) {
      const sliding = full.includes(false) ? layout.window(reach) : layout.masks;
      let x = dropped(norm(layout.words(weight(WORDS)), "embeddings.norm"), layout.dropout, "embeddings");
      for (let i = 0; i < layers; i++) x = expanded(attended(x, i, layout, sliding), i, layout);
      return norm(x, "final_norm");
    },
  };
}

function parameters(config: ModernBertConfig): Shapes {
  const { hiddenSize: h, intermediateSize: f, attentionBias, mlpBias, normBias } = config;
  const layers = Array.from({ length: config.layers }, (_, i) => [
    ...(i === 0 ? [] : normShapes(`layers.${i}.attn_norm`, h, normBias)),
    ...denseShapes(`layers.${i}.attn.Wqkv`, 3 * h, h, attentionBias),
    ...denseShapes(`layers.${i}.attn.Wo`, h, h, attentionBias),
    ...normShapes(`layers.${i}.mlp_norm`, h, normBias),
    ...denseShapes(`layers.${i}.mlp.Wi`, 2 * f, h, mlpBias),
    ...denseShapes(`layers.${i}.mlp.Wo`, h, f, mlpBias),
  ]);
  return new Map([
    [WORDS, [config.vocabSize, h]],
    ...normShapes("embeddings.norm", h, normBias),
    ...layers.flat(),
    ...normShapes("final_norm", h, normBias),
  ]);
}

function dropped(x: Tensor, rate: number, path: string): Tensor {
  return rate === 0 ? x : dropout(x, dropoutMask(x.shape, rate, path), rate);
}
