import { inputError } from "../base/errors.js";
import type { LabelledData, LabelledItem, Similarity } from "../base/types.js";
import type { Warnings } from "../base/warnings.js";
import { type FeatureContent, featureRow } from "../checkpoint/index.js";
import type { Vectors } from "../encode/encode.js";
import type { Engine } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import type { Encoder } from "../nn/encoder.js";
import type { TrainConfig } from "./config.js";
import { featureLearner } from "./feature-learner.js";
import type { Learner } from "./learner.js";
import { isNetwork } from "./start.js";
import { textLearner } from "./text-learner.js";

/** An encoder of labelled items that is being trained: it takes their ids, whatever the items are. */
export interface ItemLearner extends Learner {
  readonly encoder: Encoder<string>;
  readonly similarity: Similarity;
  /** Vectors with the weights as they stand, in the order of the ids. */
  vectors(ids: readonly string[]): Promise<Vectors>;
  /** Vectors with the starting weights. */
  untrained(ids: readonly string[]): Promise<Vectors>;
}

export interface ItemLearnerOptions {
  readonly engine: Engine;
  readonly config: TrainConfig;
  readonly data: LabelledData;
  readonly warnings: Warnings;
  readonly loss: Pick<Loss, "parameters">;
  /** Classes of the training split. */
  readonly classes: number;
  /** Items of the training split, which a vocabulary from nothing is learnt from. */
  readonly train: readonly string[];
}

/** A text encoder for texts, a network for pixels and vectors. Throws `wrong-model` where the two do not fit. */
export async function itemLearner(options: ItemLearnerOptions): Promise<ItemLearner> {
  const { config, data } = options;
  const network = isNetwork(config.model);
  if (network !== (data.content !== "text"))
    throw inputError("wrong-model", "this model does not take what the data hold", {
      file: data.source,
      field: "model",
      found: `${config.model} for ${data.content === "text" ? "texts" : data.content === "pixels" ? "pictures" : "vectors"}`,
      expected:
        data.content === "text"
          ? "static, bert or a text model's folder"
          : "mlp, linear, residual, or the folder of one",
    });
  return network ? featureItems(options) : textItems(options);
}

async function textItems({ train, ...options }: ItemLearnerOptions): Promise<ItemLearner> {
  const { items } = options.data;
  const textOf = (id: string): string => itemOf(items, id).text ?? "";
  const texts = () => train.map(textOf);
  const learner = await textLearner({ ...options, texts });
  const sequences = kept((id) => learner.sequence(textOf(id), "document"));
  const { encoder } = learner;
  return {
    ...learner,
    similarity: learner.description.similarity,
    encoder: {
      ...encoder,
      collate: (ids, wantedGroups, padTo) => encoder.collate(ids.map(sequences), wantedGroups, padTo),
    },
    vectors: (ids) => learner.current.encode(ids.map(textOf), { as: "document" }),
    async untrained(ids) {
      const model = await learner.untrained();
      const vectors = await model.encode(ids.map(textOf));
      await model.release();
      return vectors;
    },
  };
}

async function featureItems({ data, ...options }: ItemLearnerOptions): Promise<ItemLearner> {
  const content = contentOf(data);
  const learner = await featureLearner({ ...options, content });
  const { encoder } = learner;
  const rows = kept((id) => featureRow(content, itemOf(data.items, id)));
  return {
    ...learner,
    encoder: { ...encoder, collate: (ids, wantedGroups) => encoder.collate(ids.map(rows), wantedGroups) },
    vectors: (ids) => learner.vectors(ids.map(rows)),
    untrained: (ids) => learner.untrained(ids.map(rows)),
  };
}

/** What the items of a data set are to a network. */
function contentOf(data: LabelledData): FeatureContent {
  if (data.content === "pixels" && data.picture !== undefined) return { kind: "pixels", ...data.picture };
  const [first] = data.items.values();
  return { kind: "vector", dimension: first?.vector?.length ?? 0 };
}

function itemOf(items: ReadonlyMap<string, LabelledItem>, id: string): LabelledItem {
  const item = items.get(id);
  if (item === undefined) throw new Error(`no item has the id ${id}`);
  return item;
}

/** A function of ids whose values are kept. */
function kept<T>(make: (id: string) => T): (id: string) => T {
  const made = new Map<string, T>();
  return (id) => {
    const before = made.get(id);
    if (before !== undefined) return before;
    const fresh = make(id);
    made.set(id, fresh);
    return fresh;
  };
}
