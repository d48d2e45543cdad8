import { inputError } from "../base/errors.js";
import { miners } from "./catalogue.js";
import type { MinerFactory } from "./define.js";
import type { Miner } from "./types.js";

type Factory = (typeof miners)[number];

/** Names of the miners. */
export type MinerName = Factory["name"];

/** The options of a miner. */
export type MinerOptions<N extends MinerName> = NonNullable<
  Parameters<Extract<Factory, { readonly name: N }>["create"]>[0]
>;

/** A miner of the catalogue: `miner("triplet-margin", { type: "semi-hard" })`. */
export function miner<N extends MinerName>(name: N, options?: MinerOptions<N>): Miner {
  return minerOf(name).create(options);
}

/** A miner by a name that is known only at run time. Throws `unknown-miner`. */
export function minerOf(name: string): MinerFactory {
  const found = miners.find((factory) => factory.name === name);
  if (found !== undefined) return found as MinerFactory;
  throw inputError("unknown-miner", "no miner has this name", {
    found: name,
    expected: miners.map((factory) => factory.name).join(", "),
  });
}
