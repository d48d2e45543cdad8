import { z } from "zod";
import { checkHeads } from "./bert-config.js";
import { checkShape, modelError } from "./json.js";
import type { ModernBertConfig } from "./types.js";

const size = z.int().positive();
const rate = z.number().min(0).lt(1);
const rope = z.looseObject({ rope_theta: z.number().positive(), rope_type: z.literal("default").default("default") });
/** Defaults are those of transformers' ModernBertConfig; `layer_types` and `rope_parameters` are of version 5. */
const schema = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  // No table bounds it, and a table of angles is made of it.
  max_position_embeddings: size.max(2 ** 20),
  norm_eps: z.number().positive().default(1e-5),
  hidden_activation: z.literal("gelu").default("gelu"),
  layer_types: z.array(z.enum(["full_attention", "sliding_attention"])).nullish(),
  global_attn_every_n_layers: size.default(3),
  local_attention: size.default(128),
  rope_parameters: z.looseObject({ full_attention: rope, sliding_attention: rope }).nullish(),
  global_rope_theta: z.number().positive().default(160_000),
  local_rope_theta: z.number().positive().nullish(),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  norm_bias: z.boolean().default(false),
  mlp_dropout: rate.default(0),
  attention_dropout: rate.default(0),
});

/** Checks the config.json of a ModernBERT, of transformers 4 or 5. */
export function readModernBertConfig(file: string, raw: unknown): ModernBertConfig {
  const config = checkShape(file, raw, schema);
  const { hidden_size: hiddenSize, num_attention_heads: heads, num_hidden_layers: layers, layer_types: types } = config;
  checkHeads(file, hiddenSize, heads);
  if ((hiddenSize / heads) % 2 !== 0)
    throw modelError(file, "rotary positions need heads of even width", {
      field: "num_attention_heads",
      found: `hidden_size ${hiddenSize}, num_attention_heads ${heads}`,
    });
  if (types != null && types.length !== layers)
    throw modelError(file, "layer_types does not name every layer", {
      field: "layer_types",
      found: `${types.length} entries`,
      expected: `${layers}, the num_hidden_layers`,
    });
  return {
    vocabSize: config.vocab_size,
    hiddenSize,
    layers,
    heads,
    intermediateSize: config.intermediate_size,
    maxPositions: config.max_position_embeddings,
    layerNormEpsilon: config.norm_eps,
    full: types?.map((type) => type === "full_attention") ?? config.global_attn_every_n_layers,
    reach: Math.floor(config.local_attention / 2),
    fullBase: config.rope_parameters?.full_attention.rope_theta ?? config.global_rope_theta,
    slidingBase:
      config.rope_parameters?.sliding_attention.rope_theta ?? config.local_rope_theta ?? config.global_rope_theta,
    attentionBias: config.attention_bias,
    mlpBias: config.mlp_bias,
    normBias: config.norm_bias,
    hiddenDropout: config.mlp_dropout,
    attentionDropout: config.attention_dropout,
  };
}
