import type { z } from "zod";
import { checkedOptions } from "../base/options.js";
import type { Miner, MinerDefinition } from "./types.js";

/** A miner by its name: `create(options)` checks them and fills in the defaults. */
export interface MinerFactory<N extends string = string, I = unknown> {
  readonly name: N;
  readonly options: z.ZodObject;
  /** Throws `bad-option` naming what was found and what is understood. */
  create(options?: I): Miner;
}

/** Makes a miner of its definition; `name`, options and the rule are all there is to one. */
export function defineMiner<const N extends string, S extends z.ZodObject>(
  definition: MinerDefinition<N, S>,
): MinerFactory<N, z.input<S>> {
  const { name, random = false } = definition;
  return {
    name,
    options: definition.options,
    create(given) {
      const options = checkedOptions(`miner ${name}`, definition.options, given);
      return {
        name,
        options,
        random: typeof random === "function" ? random(options) : random,
        select: (batch, noise) => definition.select(batch, options, noise),
      };
    },
  };
}
