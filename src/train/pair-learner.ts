import type { RetrievalData, TextItem } from "../base/types.js";
import { readGivenVectors, type VectorPair } from "../data/given-vectors.js";
import type { Role } from "../encode/model.js";
import type { Encoder, Sequence } from "../nn/encoder.js";
import { type ItemVectors, ofTexts } from "../search/dense.js";
import { givenVectors, rowsOf } from "../search/given.js";
import { featureLearner } from "./feature-learner.js";
import type { Learner } from "./learner.js";
import type { FeatureStart } from "./start.js";
import { type TextLearnerOptions, textLearner } from "./text-learner.js";
import { tokenSource } from "./token-source.js";
import { vocabularyTexts } from "./vocabulary-texts.js";

/** An encoder of queries and documents that is being trained, as it stands and as it began. */
export interface RetrievalLearner extends Learner {
  readonly current: ItemVectors;
  /** What training began with, under the name that results show: of given vectors, these. */
  untrained(): Promise<ItemVectors & { readonly name: string; release(): Promise<void> }>;
}

/** The same with what its encoder takes of queries and documents. */
export interface PairLearner<Item> extends RetrievalLearner {
  readonly encoder: Encoder<Item>;
  readonly items: { query(id: string): Item; document(id: string): Item };
  /** What items are padded by; null where nothing is. */
  readonly lengthOf: ((item: Item) => number) | null;
}

type Options = Omit<TextLearnerOptions, "texts" | "classes"> & { readonly data: RetrievalData };

/** A text encoder on the texts of queries and documents. */
export async function textPairs({ data, ...options }: Options): Promise<PairLearner<Sequence>> {
  const learner = await textLearner({ ...options, classes: 0, texts: () => vocabularyTexts(data) });
  return {
    ...learner,
    items: tokenSource(data, learner.sequence),
    lengthOf: learner.encoder.family === "static" ? null : ({ ids }) => ids.length,
    current: ofTexts(learner.current),
    async untrained() {
      const model = await learner.untrained();
      return { ...ofTexts(model), name: "untrained", release: model.release };
    },
  };
}

/** A head on vectors that another model made of queries and documents; both go through it. */
export async function headPairs(
  files: VectorPair,
  { data, engine, config, loss }: Options,
): Promise<PairLearner<Float32Array>> {
  const given = await readGivenVectors(files, data);
  const content = { kind: "vector", dimension: given.dimension } as const;
  const learner = await featureLearner({ engine, config, content, loss, classes: 0 });
  const one = (as: Role, id: string): Float32Array => {
    const vector = new Float32Array(given.dimension);
    given.read(as, [id], vector);
    return vector;
  };
  const start: FeatureStart = { ...learner.start, vectors: given.fingerprint };
  return {
    ...learner,
    start,
    items: { query: (id) => one("query", id), document: (id) => one("document", id) },
    lengthOf: null,
    current: {
      fingerprint: "in-training",
      similarity: learner.similarity,
      engine,
      vectorsOf: (items: readonly TextItem[], { as }) => learner.vectors(rowsOf(given, items, as)),
    },
    untrained: async () => ({ ...givenVectors(given, engine), name: "vectors", release: async () => undefined }),
  };
}
