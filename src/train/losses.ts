import { inputError, notImplemented } from "../base/errors.js";
import { losses } from "../losses/catalogue.js";
import { configuredLoss } from "../losses/index.js";
import type { BatchKind, Loss } from "../losses/types.js";
import type { TrainConfig } from "./config.js";

/**
 * The loss of a configuration, which must take one of the kinds of batches that the data can be made into. Throws `wrong-loss` with the
 * losses that fit.
 */
export function lossOver<K extends BatchKind>(config: TrainConfig, what: string, ...kinds: readonly K[]): Loss<K> {
  const { scale, margin, lossParams: params } = config;
  const loss = configuredLoss(config.loss, { scale, margin, params });
  if (loss.queue) throw notImplemented(`a queue in training, which the loss ${loss.name} needs,`);
  if (kinds.some((kind) => kind in loss.build)) return loss as unknown as Loss<K>;
  const fitting = losses.filter((factory) => kinds.some((kind) => (factory.kinds as readonly string[]).includes(kind)));
  throw inputError("wrong-loss", `the loss ${loss.name} cannot be given ${what}`, {
    field: "loss",
    found: `it takes ${Object.keys(loss.build).join(", ")}`,
    expected: `a loss over ${kinds.join(" or ")}: ${fitting.map(({ name }) => name).join(", ") || "none is built"}`,
  });
}
