import type { Dim } from "../../dim.js";
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
  int8Linear: (emitter, [x, weight, bias], node, { alpha, beta, transposed, limit }) => {
    const rows = node.length(0);
    const scale = steps(emitter, x, 1, 127);
    const values = emitter.op(
      "QuantizeLinear",
      [x, emitter.op("Squeeze", [scale, emitter.lengths([1])]), zeroPoints(emitter, rows, "uint8")],
      { attributes: { axis: 0 } },
    );
    // The inner axis of the weight is the one that is summed over, and has no scale of its own.
    const inner = transposed ? 0 : 1;
    const weightScale = emitter.op("Squeeze", [steps(emitter, weight, inner, limit), emitter.lengths([inner])]);
    const zeros = zeroPoints(emitter, node.length(1), "int8");
    const stored = emitter.op("QuantizeLinear", [weight, weightScale, zeros], { attributes: { axis: 1 - inner } });
    const turned = transposed ? stored : emitter.op("Transpose", [stored], { attributes: { perm: [1, 0] } });
    const product = emitter.op(
      "MatMulIntegerToFloat",
      [values, turned, emitter.float(alpha), weightScale, emitter.byte(128), emitter.signedByte(0)],
      { domain: "com.microsoft" },
    );
    const y = emitter.op("Mul", [product, scale]);
    if (node.inputs.length < 3) return y;
    return emitter.op("Add", [y, beta === 1 ? bias : emitter.op("Mul", [bias, emitter.float(beta)])]);
  },
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
  // In float64: |a|² + |b|² − 2 a·b loses half of the digits of a small distance, and of a gradient that divides by it.
  squaredDistances: (emitter, [a, b]) => {
    const [x, y] = [double(emitter, a), double(emitter, b)];
    const [rows, columns] = [lengthsSquared(emitter, x), lengthsSquared(emitter, y)];
    const products = emitter.op("Gemm", [x, y, rows], { attributes: { transB: 1, alpha: { float: -2 } } });
    const sum = emitter.op("Add", [products, emitter.op("Transpose", [columns], { attributes: { perm: [1, 0] } })]);
    return cast(emitter, emitter.op("Relu", [sum]), "float32");
  },
  weightedDifferences: (emitter, inputs) => {
    const [weights, a, b] = inputs.map((x) => double(emitter, x)) as [string, string, string];
    const total = emitter.op("ReduceSum", [weights, emitter.lengths([1])], { attributes: { keepdims: 1 } });
    const difference = emitter.op("Sub", [emitter.op("Mul", [a, total]), emitter.op("MatMul", [weights, b])]);
    return cast(emitter, difference, "float32");
  },
  geluGate: (emitter, [u]) => {
    const gate = emitter.op("Add", [emitter.op("Erf", [u]), emitter.float(1)]);
    return [emitter.op("Mul", [u, gate]), gate];
  },
};

function double(emitter: Emitter, x: string): string {
  return emitter.op("Cast", [x], { attributes: { to: 11 } });
}

/** |x|² of each row, [rows, 1]. */
function lengthsSquared(emitter: Emitter, x: string): string {
  const squares = emitter.op("Mul", [x, x]);
  return emitter.op("ReduceSum", [squares, emitter.lengths([1])], { attributes: { keepdims: 1 } });
}

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

/** The greatest magnitude along an axis in so many steps; an axis of zeros has tiny ones. */
function steps(emitter: Emitter, x: string, axis: number, count: number): string {
  const over = { attributes: { axes: [axis], keepdims: 1 } };
  const least = emitter.op("Neg", [emitter.op("ReduceMin", [x], over)]);
  const greatest = emitter.op("Max", [emitter.op("ReduceMax", [x], over), least]);
  return emitter.op("Max", [emitter.op("Div", [greatest, emitter.float(count)]), emitter.float(1e-20)]);
}

function zeroPoints(emitter: Emitter, count: Dim, type: "uint8" | "int8"): string {
  const data = type === "uint8" ? Uint8Array.of(128) : Int8Array.of(0);
  return emitter.op("ConstantOfShape", [emitter.lengths([count])], {
    attributes: { value: { type, shape: [1], data } },
  });
}
