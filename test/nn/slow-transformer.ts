import type { HostTensor } from "#nearmiss/graph/index.js";
import type { BertConfig } from "#nearmiss/nn/bert.js";
import { bertNames } from "#nearmiss/nn/bert-names.js";
import type { ModernBertConfig } from "#nearmiss/nn/modernbert.js";
import type { BertFamily } from "#nearmiss/nn/network.js";

// Transformers in loops over one sequence of plain numbers: no packing, no padding, no masks.

type Rows = number[][];
export type WeightMap = ReadonlyMap<string, HostTensor>;

function tools(weights: WeightMap, epsilon: number) {
  const row = (name: string, i: number): number[] => {
    const { shape, data } = weights.get(name)!;
    const width = shape[1] ?? shape[0]!;
    return Array.from(data.slice(i * width, (i + 1) * width));
  };
  const vector = (name: string): number[] | null => (weights.has(name) ? row(name, 0) : null);
  const dense = (x: Rows, name: string): Rows => {
    const [out] = weights.get(`${name}.weight`)!.shape as [number];
    const bias = vector(`${name}.bias`);
    return x.map((from) =>
      Array.from({ length: out }, (_, o) => dot(row(`${name}.weight`, o), from) + (bias?.[o] ?? 0)),
    );
  };
  const norm = (x: Rows, name: string): Rows =>
    x.map((values) => {
      const mean = sum(values) / values.length;
      const variance = sum(values.map((v) => (v - mean) ** 2)) / values.length;
      const [scale, shift] = [vector(`${name}.weight`)!, vector(`${name}.bias`)];
      return values.map((v, i) => ((v - mean) / Math.sqrt(variance + epsilon)) * scale[i]! + (shift?.[i] ?? 0));
    });
  return { row, dense, norm };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const dot = (a: readonly number[], b: readonly number[]) => sum(a.map((x, i) => x * b[i]!));
const add = (a: Rows, b: Rows): Rows => a.map((values, t) => values.map((x, i) => x + b[t]![i]!));

/** Φ(x) by its series, good to 1e-13 for the sizes here. */
function gelu(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 200; n++) {
    term *= (x * x) / (2 * n + 1);
    total += term;
  }
  return x * (0.5 + (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * total);
}

/** Attention of every head; `bias(head, query, key)` is added to the scaled score, -∞ hides a key. */
function attend(q: Rows, k: Rows, v: Rows, heads: number, bias: (h: number, i: number, j: number) => number): Rows {
  const width = q[0]!.length / heads;
  const part = (values: number[], h: number) => values.slice(h * width, (h + 1) * width);
  return q.map((query, i) =>
    Array.from({ length: heads }, (_, h) => {
      const scores = k.map((key, j) => dot(part(query, h), part(key, h)) / Math.sqrt(width) + bias(h, i, j));
      const total = sum(scores.map(Math.exp));
      return Array.from({ length: width }, (_, c) =>
        sum(v.map((value, j) => (Math.exp(scores[j]!) / total) * part(value, h)[c]!)),
      );
    }).flat(),
  );
}

export function slowBert(
  family: BertFamily,
  config: BertConfig,
  weights: WeightMap,
  ids: readonly number[],
  types: readonly number[] = ids.map(() => 0),
): Rows {
  const { row, dense, norm } = tools(weights, config.layerNormEpsilon);
  const names = bertNames(family);
  let position = config.positionsAfter ?? -1;
  let x = norm(
    ids.map((id, t) => {
      const place = id === config.positionsAfter ? id : ++position;
      const parts = [
        row("embeddings.word_embeddings.weight", id),
        row("embeddings.position_embeddings.weight", place),
        ...(config.typeVocabSize > 0 ? [row("embeddings.token_type_embeddings.weight", types[t]!)] : []),
      ];
      return parts[0]!.map((_, i) => sum(parts.map((values) => values[i]!)));
    }),
    "embeddings.LayerNorm",
  );
  if (weights.has("embeddings_project.weight")) x = dense(x, "embeddings_project");
  const bias = (h: number, i: number, j: number) =>
    config.relativeBuckets === undefined
      ? 0
      : row("encoder.relative_attention_bias.weight", bucket(j - i, config.relativeBuckets))[h]!;
  for (let i = 0; i < config.layers; i++) {
    const own = (part: string) => `${names.layers}.${i}.${part}`;
    const [q, k, v] = [names.query, names.key, names.value].map((part) => dense(x, own(part))) as [Rows, Rows, Rows];
    const context = dense(attend(q, k, v, config.heads, bias), own(names.context));
    const middle = norm(add(context, x), own(names.contextNorm));
    const wide = dense(middle, own(names.inner)).map((values) => values.map(gelu));
    x = norm(add(dense(wide, own(names.outer)), middle), own(names.outerNorm));
  }
  return x;
}

/** T5's buckets, by going through their bounds: 8 · 16^(b/8) is the first distance of logarithmic bucket b (of 16 a side). */
export function bucket(apart: number, count: number): number {
  const half = count / 2;
  const exact = half / 2;
  const distance = Math.abs(apart);
  let found = Math.min(distance, exact - 1);
  if (distance >= exact) {
    found = exact;
    while (found + 1 < half && distance >= exact * (128 / exact) ** ((found + 1 - exact) / (half - exact)) - 1e-9)
      found++;
  }
  return found + (apart > 0 ? half : 0);
}

export function slowModernBert(config: ModernBertConfig, weights: WeightMap, ids: readonly number[]): Rows {
  const { row, dense, norm } = tools(weights, config.layerNormEpsilon);
  const width = config.hiddenSize / config.heads;
  /** Each pair of coordinates as a complex number, turned by position · base^(-2 pair / width). */
  const turned = (x: Rows, base: number): Rows =>
    x.map((values, position) =>
      values.map((value, at) => {
        const i = at % width;
        const pair = i % (width / 2);
        const angle = position * base ** ((-2 * pair) / width);
        const other = i < width / 2 ? -values[at + width / 2]! : values[at - width / 2]!;
        return value * Math.cos(angle) + other * Math.sin(angle);
      }),
    );
  let x = norm(
    ids.map((id) => row("embeddings.tok_embeddings.weight", id)),
    "embeddings.norm",
  );
  for (let i = 0; i < config.layers; i++) {
    const name = `layers.${i}`;
    const full = typeof config.full === "number" ? i % config.full === 0 : config.full[i]!;
    const base = full ? config.fullBase : config.slidingBase;
    const all = dense(i === 0 ? x : norm(x, `${name}.attn_norm`), `${name}.attn.Wqkv`);
    const third = (n: number) => all.map((values) => values.slice(n * config.hiddenSize, (n + 1) * config.hiddenSize));
    const sees = (_: number, from: number, to: number) => (full || Math.abs(from - to) <= config.reach ? 0 : -Infinity);
    const context = attend(turned(third(0), base), turned(third(1), base), third(2), config.heads, sees);
    x = add(x, dense(context, `${name}.attn.Wo`));
    const wide = dense(norm(x, `${name}.mlp_norm`), `${name}.mlp.Wi`);
    const f = config.intermediateSize;
    const gated = wide.map((values) => values.slice(0, f).map((value, j) => gelu(value) * values[f + j]!));
    x = add(x, dense(gated, `${name}.mlp.Wo`));
  }
  return norm(x, "final_norm");
}
