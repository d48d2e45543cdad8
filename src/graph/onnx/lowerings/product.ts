import type { ProductOp } from "../../op.js";
import type { Emitter } from "../emitter.js";
import { cast, type Lowerings } from "./lowering.js";

export const productLowerings: Lowerings<ProductOp> = {
  matmul: (emitter, [a, b], node, { transposeA, transposeB, alpha }) => {
    if (node.inputs.every((input) => input.rank === 2) && (transposeA || transposeB || alpha !== 1)) {
      return emitter.op("Gemm", [a, b], {
        attributes: { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } },
      });
    }
    return product(emitter, a, b, { transposeA, transposeB, alpha });
  },
  linear: (emitter, inputs, _, { alpha, beta }) =>
    emitter.op("Gemm", inputs, { attributes: { alpha: { float: alpha }, beta: { float: beta }, transB: 1 } }),
  attention: (emitter, inputs, _, { scale, mask, dropoutRate }) => {
    const [q, k, v, added] = inputs;
    const products = product(emitter, q, k, { transposeB: true, alpha: scale });
    const scores = mask ? emitter.op("Add", [products, added]) : products;
    const probabilities = emitter.op("Softmax", [scores], { attributes: { axis: -1 } });
    if (dropoutRate === 0) return [product(emitter, probabilities, v), probabilities, probabilities];
    // A product with ones and zeros takes two thirds of the time of Where.
    const kept = emitter.op("Mul", [probabilities, cast(emitter, inputs[mask ? 4 : 3] as string, "float32")]);
    return [product(emitter, kept, v, { alpha: 1 / (1 - dropoutRate) }), probabilities, kept];
  },
  layerNorm: (emitter, inputs, _, { epsilon }) =>
    emitter.several("LayerNormalization", inputs, 3, { attributes: { axis: -1, epsilon: { float: epsilon } } }),
  geluGate: (emitter, [u]) => {
    const gate = emitter.op("Add", [emitter.op("Erf", [u]), emitter.float(1)]);
    return [emitter.op("Mul", [u, gate]), gate];
  },
};

/** alpha · a b over the last two axes, in one pass. */
function product(
  emitter: Emitter,
  a: string,
  b: string,
  { transposeA = false, transposeB = false, alpha = 1 } = {},
): string {
  if (!transposeA && !transposeB && alpha === 1) return emitter.op("MatMul", [a, b]);
  return emitter.op("FusedMatMul", [a, b], {
    domain: "com.microsoft",
    attributes: { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } },
  });
}
