import { gradients } from "../autodiff/index.js";
import { inputError } from "../base/errors.js";
import type { ProgramSpec } from "../engine/types.js";
import { type Dim, input, partitionRows, type Tensor } from "../graph/index.js";
import { isOp } from "../graph/tensor.js";
import { topological } from "../graph/walk.js";
import type { Loss, LossOutput, LossParameters, PairBatch } from "../losses/types.js";
import type { Encoder, ForwardOptions } from "../nn/encoder.js";

/** The graph of one training step: encode queries and documents together, compare, differentiate. */
export function trainingSpec(
  encoder: Pick<Encoder<never>, "forward">,
  loss: Loss<"pairs">,
  options: ForwardOptions,
  parameters = noParameters,
): ProgramSpec {
  const built = compare(encoder.forward(options), loss, parameters);
  return { outputs: { loss: built.loss, ...built.telemetry }, gradients: parameterGradients(built.loss) };
}

/** The same step in three graphs, for batches whose activations do not fit into memory at once. */
export interface CachedSpecs {
  /** Texts of a micro-batch → `vectors`. */
  readonly encode: ProgramSpec;
  /** `vectors` of the whole batch → `loss`, telemetry, and `cotangents`: the gradient of the loss by each vector. */
  readonly compare: ProgramSpec;
  /** Texts of a micro-batch and their `cotangents` → this micro-batch's share of the parameters' gradient. */
  readonly backward: ProgramSpec;
}

/**
 * GradCache (Gao et al. 2021, algorithm 1): the loss is differentiated by the vectors alone; a second pass over the texts turns these
 * cotangents into gradients of the parameters, as a vector–Jacobian product. Exact: the sum over micro-batches is the whole batch's gradient.
 */
export function cachedSpecs(
  encoder: Pick<Encoder<never>, "forward" | "dimension">,
  loss: Loss<"pairs">,
  options: ForwardOptions,
  parameters = noParameters,
): CachedSpecs {
  const vectors = encoder.forward(options);
  const cotangents = input("cotangents", vectors.shape);
  const all = input("vectors", ["texts", encoder.dimension]);
  const built = compare(all, loss, parameters);
  if (topological([built.loss]).some((node) => node.op === "parameter")) {
    throw inputError("bad-config", "a loss with parameters of its own cannot be cached", {
      field: "microBatch",
      found: `the loss ${loss.name}`,
      expected: "null",
    });
  }
  const [byVector] = gradients(built.loss, [all]);
  return {
    encode: { outputs: { vectors } },
    compare: { outputs: { loss: built.loss, ...built.telemetry, cotangents: byVector as Tensor } },
    // What is differentiated is ⟨vectors, cotangents⟩.
    backward: {
      outputs: { product: vectors.mul(cotangents).sum() },
      gradients: parameterGradients(vectors, cotangents),
    },
  };
}

/** The loss over the vectors of all texts of a batch, in the order they were encoded. */
function compare(vectors: Tensor, loss: Loss<"pairs">, parameters: LossParameters): LossOutput {
  const texts: Dim = vectors.shape[0] ?? "texts";
  const [queries, documents] = partitionRows(
    vectors,
    [input("queryRows", ["rows"], "int32"), input("documentRows", ["columns"], "int32")],
    input("vectorPlaces", [texts], "int32"),
  ) as [Tensor, Tensor];
  return loss.build.pairs(pairBatchOf(queries, documents), parameters);
}

/** Vectors as a batch; `relationFeeds` are its other inputs. */
export function pairBatchOf(queries: Tensor, documents: Tensor): PairBatch {
  const mask = (name: string) => input(name, ["rows", "columns"], "bool");
  const samplingProbabilities = input("probabilities", ["columns"]);
  return { queries, documents, negatives: mask("negatives"), own: mask("own"), samplingProbabilities };
}

const noParameters: LossParameters = (name) => {
  throw new Error(`this loss was given no parameter ${name}`);
};

/** The gradient of every parameter that y depends on, by name. */
export function parameterGradients(y: Tensor, dy?: Tensor): ReadonlyMap<string, Tensor> {
  const parameters = topological([y]).flatMap((node) => (isOp(node, "parameter") ? [node] : []));
  const sums = new Map<string, Tensor>();
  gradients(y, parameters, dy).forEach((gradient, i) => {
    if (gradient === null) return;
    const name = parameters[i]?.attributes.name ?? "";
    sums.set(name, sums.get(name)?.add(gradient) ?? gradient);
  });
  return sums;
}
