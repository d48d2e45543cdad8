import { inputError } from "../base/errors.js";
import type { LabelledData, LabelledItem } from "../base/types.js";
import {
  checkLabelledMeasures,
  defaultLabelledMeasures,
  evaluateLabelled,
  type VectorSystem,
} from "../evaluate/evaluate-labelled.js";
import type { EvaluationResult } from "../evaluate/results.js";
import type { TextVectors } from "../search/dense.js";
import { type AskedModel, type EvaluationContext, measureNames, refuseRetrievalOptions } from "./evaluate-options.js";
import { featureSystems } from "./feature-systems.js";
import { openVectors, untrainedModel } from "./retrievers.js";

/** A model beside its baselines on labelled items, each against all others of the split. */
export async function evaluateItems(data: LabelledData, context: EvaluationContext): Promise<EvaluationResult> {
  const { options, models, engine, split, seed, warnings, progress } = context;
  refuseRetrievalOptions("labelled items", context);
  const measures = measureNames(context, defaultLabelledMeasures);
  checkLabelledMeasures(measures);
  const items = data.splits.get(split)!.map((id) => data.items.get(id)!);
  const systemsOf = data.content === "text" ? textSystems : featureSystems;
  const [first, ...others] = models;
  const systems = [...(await systemsOf(first, items, context))];
  for (const other of others) {
    const [system] = await systemsOf(other, items, { ...context, options: { ...options, baselines: [] } });
    systems.push(system!);
  }
  const about = { fingerprint: data.fingerprint, split };
  const labels = items.map((item) => item.labels);
  return evaluateLabelled({ data: about, labels, systems, measures, engine, seed, warnings, progress });
}

/** A text model, and the weights that its training began with. */
async function textSystems(
  { model, name, price }: AskedModel,
  items: readonly LabelledItem[],
  context: EvaluationContext,
): Promise<readonly VectorSystem[]> {
  const baselines = context.options.baselines ?? ["untrained"];
  const lexical = [model, ...baselines].find((one) => one === "bm25" || one === "tf-idf");
  if (lexical !== undefined)
    throw inputError("bad-usage", "labelled items are compared by their vectors, which this has none of", {
      found: lexical,
    });
  const texts = items.map(({ text = "" }) => text);
  const vectorsOf = async ({ fingerprint, similarity, encode }: TextVectors) => {
    const { data: vectors, dimension } = await encode(texts, { as: "document", progress: context.progress });
    return { fingerprint, similarity, vectors, dimension };
  };
  const opened = await openVectors(model, context);
  const asked = { name: name ?? "model", kind: "model", ...(await vectorsOf(opened.vectors)) } as const;
  context.paid({ name: asked.name, price }, opened.usage);
  if (!baselines.includes("untrained") || opened.model === null) return [asked];
  const untrained = await untrainedModel(opened.model, context.engine, context.warnings);
  if (untrained === null) return [asked];
  const before = { name: "untrained", kind: "untrained", ...(await vectorsOf(untrained)) } as const;
  await untrained.release();
  return [asked, before];
}
