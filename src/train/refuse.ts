import { inputError } from "../base/errors.js";
import type { TrainConfig } from "./config.js";
import { isNetwork } from "./start.js";

/** Options that only labelled items have a use for, with what they are without it. */
const ofLabelled = { miner: null, batches: null, mine: null, memory: 0 } as const;

/** Throws `bad-config` where an option of labelled items is given for other data. */
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
}

/** Throws `wrong-model` where the model reads texts and vectors were given, or the other way round. */
export function refuseOtherModel({ model, vectors }: TrainConfig): void {
  if (isNetwork(model) === (vectors !== null)) return;
  throw inputError(
    "wrong-model",
    vectors === null ? "a network on numbers reads no texts" : "a model of texts takes no given vectors",
    {
      field: "model",
      found: model,
      expected:
        vectors === null
          ? "static, bert or a text model's folder; or the vectors of another model"
          : "linear, residual or mlp, or the folder of one",
    },
  );
}

/** Throws `bad-config` where vectors of queries and documents are given for what does not take them. */
export function refuseVectors({ vectors }: TrainConfig, what: string): void {
  if (vectors === null) return;
  throw inputError("bad-config", `${what} have no use for given vectors of queries and documents`, {
    field: "vectors",
    found: `${vectors.queries}, ${vectors.documents}`,
    expected: "null",
  });
}

/** Throws `bad-config` where negatives would be drawn for data without a corpus. */
export function refuseSampler({ sampler }: TrainConfig, what: string): void {
  if (sampler === "in-batch") return;
  throw inputError("bad-config", `${what} have no corpus to draw from`, {
    field: "sampler",
    found: sampler,
    expected: "in-batch",
  });
}
