import type { ProductOp } from "../../op.js";
import type { Tensor } from "../../tensor.js";
import type { Emitter } from "../emitter.js";
import { quantiseRows, turned } from "../quantise.js";
import { int8Steps, zeroPoints } from "./int8.js";
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
    const scale = int8Steps(emitter, x, 1, 127);
    const values = emitter.op(
      "QuantizeLinear",
      [x, emitter.op("Squeeze", [scale, emitter.lengths([1])]), zeroPoints(emitter, rows, "uint8")],
      { attributes: { axis: 0 } },
    );
    const [turned, weightScale] = weightColumns(emitter, weight, node, { transposed, limit });
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
  absoluteDistances: (emitter, inputs, node) =>
    overDifferences(emitter, inputs, node.inputs[0], (difference) =>
      emitter.op("ReduceSum", [emitter.op("Abs", [difference]), emitter.lengths([2])], { attributes: { keepdims: 0 } }),
    ).reduce((sum, one) => emitter.op("Add", [sum, one])),
  weightedSigns: (emitter, [weights, a, b], node) => {
    const weight = emitter.op("Unsqueeze", [weights, emitter.lengths([2])]);
    const parts = overDifferences(emitter, [a, b], node.inputs[1], (difference) => {
      const pulls = emitter.op("Mul", [emitter.op("Sign", [difference]), weight]);
      return emitter.op("ReduceSum", [pulls, emitter.lengths([1])], { attributes: { keepdims: 0 } });
    });
    return parts.length === 1 ? (parts[0] as string) : emitter.op("Concat", parts, { attributes: { axis: 1 } });
  },
  geluGate: (emitter, [u]) => {
    const gate = emitter.op("Add", [emitter.op("Erf", [u]), emitter.float(1)]);
    return [emitter.op("Mul", [u, gate]), gate];
  },
};

/**
 * What is made of the differences of all rows of a and b, [n, m, dimensions], a few dimensions at a time. Each part begins at a place that
 * is computed from the part before, or onnxruntime would take all differences first and hold them all.
 */
function overDifferences(
  emitter: Emitter,
  [a, b]: readonly string[],
  node: Tensor | undefined,
  made: (difference: string) => string,
): readonly string[] {
  const width = node?.length(1);
  const step = typeof width === "number" ? 8 : 2 ** 31;
  const parts: string[] = [];
  for (let start = 0; start === 0 || (typeof width === "number" && start < width); start += step) {
    const before = parts.at(-1);
    const shift = before === undefined ? "" : emitter.op("Shape", [before], { attributes: { start: 0, end: 1 } });
    const place = (at: number) =>
      shift === ""
        ? emitter.lengths([at])
        : emitter.op("Add", [emitter.lengths([at]), emitter.op("Sub", [shift, shift])]);
    const [x, y] = [a, b].map((rows, axis) => {
      const piece = emitter.op("Slice", [rows as string, place(start), place(start + step), emitter.lengths([1])]);
      return emitter.op("Unsqueeze", [piece, emitter.lengths([1 - axis])]);
    }) as [string, string];
    parts.push(made(emitter.op("Sub", [x, y])));
  }
  return parts;
}

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

/** A weight as columns of 8-bit integers, and their scales: worked out here where the file holds the weight, else in the graph. */
function weightColumns(
  emitter: Emitter,
  weight: string,
  node: Tensor,
  { transposed, limit }: { readonly transposed: boolean; readonly limit: number },
): readonly [string, string] {
  const stored = emitter.stored(node.inputs[1] as Tensor);
  if (stored !== undefined) {
    const rows = transposed ? turned(stored.data, stored.shape) : stored.data;
    const shape = transposed ? stored.shape.toReversed() : stored.shape;
    const { values, scales } = quantiseRows({ dtype: "float32", shape, data: rows }, limit);
    return [
      emitter.constant({ type: "int8", shape: shape.toReversed(), data: turned(values, shape) }),
      emitter.constant({ type: "float32", shape: [scales.length], data: scales }),
    ];
  }
  // The inner axis of the weight is the one that is summed over, and has no scale of its own.
  const inner = transposed ? 0 : 1;
  const wide = int8Steps(emitter, weight, inner, limit);
  const scale = emitter.op("Squeeze", [wide, emitter.lengths([inner])]);
  if (transposed) {
    // A scale for each place of a row is applied one value at a time by QuantizeLinear, ten times slower than in two passes.
    const divided = emitter.op("Div", [weight, wide]);
    return [emitter.op("QuantizeLinear", [divided, emitter.float(1), emitter.signedByte(0)]), scale];
  }
  const zeros = zeroPoints(emitter, node.length(1), "int8");
  const values = emitter.op("QuantizeLinear", [weight, scale, zeros], { attributes: { axis: 0 } });
  return [emitter.op("Transpose", [values], { attributes: { perm: [1, 0] } }), scale];
}
