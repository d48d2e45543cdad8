import { inputError } from "../base/errors.js";
import type { HostTensor, ProgramSpec } from "../engine/types.js";
import { concat, input, permuteRows, type Tensor } from "../graph/index.js";
import { topological } from "../graph/walk.js";
import type { Loss, LossParameters } from "../losses/types.js";
import { type Labelled, relationsOf } from "../miners/relations.js";
import type { LabelledBatch, Miner, Selection } from "../miners/types.js";
import type { Encoder, ForwardOptions } from "../nn/encoder.js";
import { parameterGradients } from "./program.js";
import { labelledTelemetry } from "./telemetry.js";

export interface LabelledStep {
  readonly encoder: Pick<Encoder<never>, "forward" | "dimension">;
  readonly loss: Loss<"labelled">;
  readonly parameters: LossParameters;
  readonly miner: Miner | null;
  /** Whether every item has one label. */
  readonly singleLabels: boolean;
  /** Whether vectors of earlier batches stand behind those of the batch. */
  readonly memory: boolean;
}

/** The graph of one step on labelled items: encode, select, compare, differentiate. `vectors` are the rows in the order of the items. */
export function labelledSpec(step: LabelledStep, options: ForwardOptions): ProgramSpec {
  const { encoder, loss, parameters, miner } = step;
  const packed = encoder.forward(options);
  const rows = packed.length(0);
  const embeddings = permuteRows(packed, input("itemRows", [rows], "int32"), input("itemPlaces", [rows], "int32"));
  const references = step.memory ? concat([embeddings, input("memory", ["entries", encoder.dimension])]) : embeddings;
  const all = batchOf(embeddings, references, step.singleLabels);
  const selection = miner?.select(all, ...(miner.random ? [input("noise", all.positive.shape)] : []));
  const batch = { ...all, ...(selection === undefined ? {} : { selection }) };
  const built = loss.build.labelled(batch, parameters);
  if (miner !== null && selection !== undefined) checkSelects(miner, selection, loss, built.loss);
  return {
    outputs: { loss: built.loss, ...labelledTelemetry(loss, batch), ...built.telemetry, vectors: embeddings },
    gradients: parameterGradients(built.loss),
  };
}

/** The loss of a batch whose rows are all `equal`, without a miner: what a collapsed encoder has. */
export function labelledEqualSpec({ loss, parameters, singleLabels }: LabelledStep, equal: Tensor): ProgramSpec {
  return { outputs: { loss: loss.build.labelled(batchOf(equal, equal, singleLabels), parameters).loss } };
}

function batchOf(embeddings: Tensor, references: Tensor, singleLabels: boolean): LabelledBatch {
  const rows = embeddings.length(0);
  const table = [rows, references.length(0)];
  return {
    embeddings,
    references,
    positive: input("positive", table, "bool"),
    negative: input("negative", table, "bool"),
    pairs: {
      anchor: input("pairAnchors", ["pairs"], "int32"),
      positive: input("pairPositives", ["pairs"], "int32"),
      valid: input("pairsValid", ["pairs"], "bool"),
    },
    ...(singleLabels ? { classes: input("classes", [rows], "int32") } : {}),
  };
}

/** Throws `wrong-miner` where the loss never looks at what was chosen. */
function checkSelects(miner: Miner, selection: Selection, loss: Pick<Loss, "name">, value: Tensor): void {
  const chosen: readonly Tensor[] =
    selection.kind === "pairs" ? [selection.positive, selection.negative] : [selection.negatives];
  const used = new Set(topological([value]));
  if (chosen.some((mask) => used.has(mask))) return;
  throw inputError(
    "wrong-miner",
    `the loss ${loss.name} does not look at what is chosen, so there is nothing to mine`,
    {
      field: "miner",
      found: miner.name,
      expected: "no miner",
    },
  );
}

/** What a step is fed beside its items: who belongs to whom. */
export function labelledFeeds(
  items: readonly Labelled[],
  memory: readonly Labelled[] | null,
  place: Int32Array,
  classOf: ((item: Labelled) => number) | null,
): Record<string, HostTensor> {
  const references = memory === null ? items : [...items, ...memory];
  const { positive, negative, pairs } = relationsOf(items, references);
  const places = new Int32Array(place.length);
  place.forEach((row, i) => {
    places[row] = i;
  });
  const table = [items.length, references.length];
  const int32 = (data: Int32Array): HostTensor => ({ dtype: "int32", shape: [data.length], data });
  return {
    itemRows: int32(place),
    itemPlaces: int32(places),
    positive: { dtype: "bool", shape: table, data: positive },
    negative: { dtype: "bool", shape: table, data: negative },
    pairAnchors: int32(pairs.anchor),
    pairPositives: int32(pairs.positive),
    pairsValid: { dtype: "bool", shape: [pairs.valid.length], data: pairs.valid },
    ...(classOf === null ? {} : { classes: int32(Int32Array.from(items, classOf)) }),
  };
}
