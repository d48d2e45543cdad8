import { z } from "zod";
import { checkedOptions } from "../base/options.js";
import { adaptiveLayer } from "./adaptive-layer.js";
import { combine } from "./combine.js";
import type { LossFactory } from "./define.js";
import { matryoshka } from "./matryoshka.js";
import type { BatchKind, Loss } from "./types.js";

const inner = {
  /** Name of the loss inside, and its options. */
  loss: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
};
const kinds = [
  "pairs",
  "labelled",
  "scored",
  "points",
  "logits",
  "vectors",
  "tokens",
] as const satisfies readonly BatchKind[];

const options = {
  matryoshka: z.strictObject({
    ...inner,
    dims: z.array(z.number().int().positive()).min(1),
    weights: z.array(z.number().min(0)).optional(),
  }),
  "adaptive-layer": z.strictObject({
    ...inner,
    lastLayerWeight: z.number().min(0).default(1),
    priorLayersWeight: z.number().min(0).default(1),
    klWeight: z.number().min(0).default(1),
    klTemperature: z.number().positive().default(0.3),
  }),
  "weighted-sum": z.strictObject({
    parts: z.array(z.strictObject({ ...inner, weight: z.number().default(1) })).min(1),
  }),
};

/** Names of losses that are made of others. */
export type WrapperName = keyof typeof options;

/** Losses made of losses as a configuration can name them: `matryoshka` of `{ loss: "mnrl", dims: [256, 64] }`. */
export function wrappers(lossOf: (name: string) => LossFactory): readonly LossFactory<WrapperName>[] {
  const make = ({ loss, params }: { readonly loss: string; readonly params: unknown }) => lossOf(loss).create(params);
  const wrapper = <N extends WrapperName>(
    name: N,
    takes: readonly BatchKind[],
    build: (given: z.output<(typeof options)[N]>) => Loss<never>,
  ): LossFactory<N> => ({
    name,
    options: options[name],
    kinds: takes,
    create: (given) =>
      build(checkedOptions(`loss ${name}`, options[name], given) as z.output<(typeof options)[N]>) as Loss<BatchKind>,
  });
  return [
    wrapper("matryoshka", ["pairs", "scored"], ({ dims, weights, ...one }) =>
      matryoshka(make(one), { dims, ...(weights && { weights }) }),
    ),
    wrapper("adaptive-layer", ["pairs"], ({ loss, params, ...weights }) =>
      adaptiveLayer(make({ loss, params }), weights),
    ),
    wrapper("weighted-sum", kinds, ({ parts }) =>
      combine(parts.map(({ weight, ...one }) => ({ loss: make(one), weight }))),
    ),
  ];
}
