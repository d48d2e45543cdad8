import { inputError } from "../base/errors.js";
import { losses } from "./catalogue.js";
import type { LossFactory } from "./define.js";
import type { Loss } from "./types.js";
import { type WrapperName, wrappers } from "./wrapped.js";

type Factory = (typeof losses)[number];

/** Names of the losses. */
export type LossName = Factory["name"];

/** What a configuration may name: also losses made of others. */
export type ConfiguredLossName = LossName | WrapperName;

/** The options of a loss. */
export type LossOptions<N extends LossName> = NonNullable<Parameters<Named<N>["create"]>[0]>;

/** The batches that a loss can be given. */
export type LossKinds<N extends LossName> = Named<N>["kinds"][number];

type Named<N extends LossName> = Extract<Factory, { readonly name: N }>;

/** A loss of the catalogue: `loss("circle", { m: 0.25 })`. */
export function loss<N extends LossName>(name: N, options?: LossOptions<N>): Loss<LossKinds<N>> {
  return lossOf(name).create(options) as Loss<LossKinds<N>>;
}

/** A loss by a name that is known only at run time. Throws `unknown-loss`. */
export function lossOf(name: string): LossFactory {
  const all: readonly LossFactory[] = [
    ...(losses as readonly unknown[] as readonly LossFactory[]),
    ...wrappers(lossOf),
  ];
  const found = all.find((factory) => factory.name === name);
  if (found !== undefined) return found;
  throw inputError("unknown-loss", "no loss has this name", {
    found: name,
    expected: all.map((factory) => factory.name).join(", "),
  });
}

/**
 * A loss as a configuration names it: `scale` and `margin`, where given, are those options of the loss; a loss with a temperature takes
 * its inverse for the scale.
 */
export function configuredLoss(
  name: string,
  given: {
    readonly scale: number | null;
    readonly margin: number | null;
    readonly params: Readonly<Record<string, unknown>>;
  },
): Loss {
  const factory = lossOf(name);
  const understood = factory.options.shape;
  const { scale, margin, params } = given;
  return factory.create({
    ...(scale === null
      ? {}
      : "scale" in understood || !("temperature" in understood)
        ? { scale }
        : { temperature: 1 / scale }),
    ...(margin === null ? {} : { margin }),
    ...params,
  });
}
