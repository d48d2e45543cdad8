import { gelu, l2Normalize, linear, parameter, relu, sigmoid, type Tensor, tanh } from "../graph/index.js";
import type { Activation, Head } from "./encoder.js";

/** What a module puts after its product. */
export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  identity: (x) => x,
  tanh,
  relu,
  gelu,
  sigmoid,
};

/** Dense and Normalize modules after the pooling: [rows, in] → [rows, out]. */
export function applyHead(vectors: Tensor, head: readonly Head[]): Tensor {
  return head.reduce((x, module) => {
    if (module.type === "normalize") return l2Normalize(x);
    const weight = parameter(`${module.prefix}linear.weight`, [module.outFeatures, module.inFeatures]);
    const bias = module.bias ? parameter(`${module.prefix}linear.bias`, [module.outFeatures]) : undefined;
    return activations[module.activation](linear(x, weight, bias));
  }, vectors);
}

export function headParameters(head: readonly Head[]): [string, readonly number[]][] {
  return head.flatMap((module): [string, readonly number[]][] =>
    module.type === "normalize"
      ? []
      : [
          [`${module.prefix}linear.weight`, [module.outFeatures, module.inFeatures]],
          ...(module.bias
            ? [[`${module.prefix}linear.bias`, [module.outFeatures]] as [string, readonly number[]]]
            : []),
        ],
  );
}
