import type { z } from "zod";
import { checkedOptions } from "../base/options.js";
import type { Batches, BatchKind, Loss, LossDefinition, LossParameters } from "./types.js";

/** A loss by its name: `create(options)` checks them and fills in the defaults. */
export interface LossFactory<N extends string = string, K extends BatchKind = BatchKind, I = unknown> {
  readonly name: N;
  readonly options: z.ZodObject;
  readonly kinds: readonly K[];
  /** Throws `bad-option` naming what was found and what is understood. */
  create(options?: I): Loss<K>;
}

/** Makes a loss of its definition; name, options and formula are all there is to one. */
export function defineLoss<const N extends string, K extends BatchKind, S extends z.ZodObject>(
  definition: LossDefinition<N, K, S>,
): LossFactory<N, K, z.input<S>> {
  const { name, scope = "batch", memory = false, queue = false } = definition;
  const kinds = Object.keys(definition.build) as K[];
  return {
    name,
    options: definition.options,
    kinds,
    create(given) {
      const options = checkedOptions(`loss ${name}`, definition.options, given);
      const bound = <B extends K>(kind: B) => [
        kind,
        (batch: Batches[B], parameters: LossParameters) => definition.build[kind](batch, options, parameters),
      ];
      const build = Object.fromEntries(kinds.map(bound)) as Loss<K>["build"];
      return {
        name,
        options,
        scope,
        scale: scaleOf(options),
        memory,
        queue,
        parameters: (sizes) => definition.parameters?.(sizes, options) ?? [],
        build,
      };
    },
  };
}

function scaleOf({ scale, temperature }: Readonly<Record<string, unknown>>): number {
  if (typeof scale === "number") return scale;
  return typeof temperature === "number" ? 1 / temperature : 1;
}
