import { inputError } from "../base/errors.js";
import { isMlpFolder } from "../checkpoint/index.js";
import type { TrainConfig } from "./config.js";

/** Options that only labelled items have a use for, with what they are without it. */
const ofLabelled = { miner: null, batches: null, mine: null, memory: 0 } as const;

/** Throws `bad-config` where an option of labelled items is given for other data, and `wrong-model` for a network that reads no texts. */
export function refuseLabelledOptions(config: TrainConfig, what: string): void {
  for (const [field, absent] of Object.entries(ofLabelled)) {
    const found = config[field as keyof typeof ofLabelled];
    if (found === absent) continue;
    throw inputError("bad-config", `${what} have no use for this option: it is for labelled items`, {
      field,
      found: String(found),
      expected: String(absent),
    });
  }
  if (config.model !== "mlp" && !isMlpFolder(config.model)) return;
  throw inputError("wrong-model", "a network on pictures or vectors reads no texts", {
    field: "model",
    found: config.model,
    expected: "static, bert or a text model's folder",
  });
}
