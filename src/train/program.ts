import { gradients } from "../autodiff/index.js";
import type { ProgramSpec } from "../engine/types.js";
import { input, partitionRows, type Tensor } from "../graph/index.js";
import { isOp } from "../graph/tensor.js";
import { topological } from "../graph/walk.js";
import type { Loss, LossParameters } from "../losses/types.js";
import type { ForwardOptions, TextEncoder } from "../nn/encoder.js";

/** The graph of one training step: encode queries and documents together, compare, differentiate. */
export function trainingSpec(encoder: TextEncoder, loss: Loss<"pairs">, options: ForwardOptions): ProgramSpec {
  const vectors = encoder.forward(options);
  const [queries, documents] = partitionRows(
    vectors,
    [input("queryRows", ["rows"], "int32"), input("documentRows", ["columns"], "int32")],
    input("vectorPlaces", [vectors.shape[0] ?? "texts"], "int32"),
  ) as [Tensor, Tensor];
  const built = loss.build.pairs(
    { queries, documents, negatives: input("negatives", ["rows", "columns"], "bool") },
    noParameters,
  );
  return { outputs: { loss: built.loss, ...built.telemetry }, gradients: parameterGradients(built.loss) };
}

const noParameters: LossParameters = (name) => {
  throw new Error(`a loss over pairs has no parameter ${name}`);
};

/** The gradient of every parameter that the loss depends on, by name. */
function parameterGradients(loss: Tensor): ReadonlyMap<string, Tensor> {
  const parameters = topological([loss]).flatMap((node) => (isOp(node, "parameter") ? [node] : []));
  const sums = new Map<string, Tensor>();
  gradients(loss, parameters).forEach((gradient, i) => {
    if (gradient === null) return;
    const name = parameters[i]?.attributes.name ?? "";
    sums.set(name, sums.get(name)?.add(gradient) ?? gradient);
  });
  return sums;
}
