import type { Dim } from "../dim.js";
import type { Inputs, ProductOp } from "../op.js";
import { broadcastShapes, formatShape, type Shape, type Spec, sameShape, shapeError } from "../shape.js";
import { float, requireDtype, type ShapeRules } from "./rule.js";

export const productRules: ShapeRules<ProductOp> = {
  matmul: (inputs, { transposeA, transposeB }, op) => {
    const a = requireDtype(op, inputs, 0, "float32");
    const b = requireDtype(op, inputs, 1, "float32");
    if (a.shape.length < 2 || b.shape.length < 2) throw shapeError(op, inputs, "both need at least two axes");
    const [m, k] = lastTwo(a, transposeA);
    const [l, n] = lastTwo(b, transposeB);
    if (k !== l) throw shapeError(op, inputs, `the inner lengths are ${k} and ${l}`);
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    if (batch === null) throw shapeError(op, inputs, "the leading axes do not broadcast");
    return float([...batch, m, n]);
  },
  linear: (inputs, _, op) => linearShape(inputs, false, op),
  int8Linear: (inputs, { transposed }, op) => linearShape(inputs, transposed, op),
  attention: (inputs, { mask, dropoutRate }, op) => {
    const [q, k, v] = [0, 1, 2].map((i) => requireDtype(op, inputs, i, "float32")) as [Spec, Spec, Spec];
    const [batch, heads, length = 0, width] = q.shape;
    const keys = k.shape[2] ?? 0;
    const fits =
      q.shape.length === 4 &&
      sameShape(k.shape.slice(0, 2), q.shape.slice(0, 2)) &&
      k.shape[3] === width &&
      sameShape(v.shape.slice(0, 3), k.shape.slice(0, 3)) &&
      v.shape.length === 4;
    if (!fits || batch === undefined || heads === undefined) {
      throw shapeError(op, inputs, "expected [batch, heads, length, width] three times");
    }
    const scores = [batch, heads, length, keys];
    if (mask) {
      const shape = broadcastShapes(requireDtype(op, inputs, 3, "float32").shape, scores);
      if (shape === null || !sameShape(shape, scores)) {
        throw shapeError(op, inputs, `the mask does not broadcast to ${formatShape(scores)}`);
      }
    }
    if (dropoutRate > 0 && !sameShape(requireDtype(op, inputs, mask ? 4 : 3, "bool").shape, scores)) {
      throw shapeError(op, inputs, `the dropout mask must be ${formatShape(scores)}`);
    }
    return [float([batch, heads, length, v.shape[3] ?? 0]), float(scores), float(scores)];
  },
  layerNorm: (inputs, _, op) => {
    const x = requireDtype(op, inputs, 0, "float32");
    const width = x.shape.at(-1);
    for (let i = 1; i < inputs.length; i++) {
      if (width === undefined || !sameShape(requireDtype(op, inputs, i, "float32").shape, [width])) {
        throw shapeError(op, inputs, "scale and shift must have the length of the last axis");
      }
    }
    const rows = float([...x.shape.slice(0, -1), 1]);
    return [x, rows, rows];
  },
  geluGate: (inputs, _, op) => {
    const u = requireDtype(op, inputs, 0, "float32");
    return [u, u];
  },
  squaredDistances: pairwise,
  weightedDifferences: weighted,
  absoluteDistances: pairwise,
  weightedSigns: weighted,
};

/** A number for each row of a and each of b. */
function pairwise(inputs: Inputs<Spec>, _: unknown, op: string): Spec {
  return float(betweenRows(inputs, requireDtype(op, inputs, 0, "float32"), requireDtype(op, inputs, 1, "float32"), op));
}

/** A row like those of a for each row of a, of weights [n, m] and both. */
function weighted(inputs: Inputs<Spec>, _: unknown, op: string): Spec {
  const [weights, a, b] = [0, 1, 2].map((i) => requireDtype(op, inputs, i, "float32")) as [Spec, Spec, Spec];
  if (!sameShape(weights.shape, betweenRows(inputs, a, b, op)))
    throw shapeError(op, inputs, "expected a weight a pair");
  return a;
}

function betweenRows(inputs: readonly Spec[], a: Spec, b: Spec, op: string): Shape {
  const [[rows = 0, width], [columns = 0, other]] = [a.shape, b.shape];
  if (a.shape.length !== 2 || b.shape.length !== 2 || width !== other) {
    throw shapeError(op, inputs, "expected rows of one length, [n, d] and [m, d]");
  }
  return [rows, columns];
}

function lastTwo({ shape }: Spec, transposed: boolean): [Dim, Dim] {
  const [rows = 0, columns = 0] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** [rows, in] times a weight [out, in] turned round, or as it is. */
function linearShape(inputs: readonly Spec[], transposed: boolean, op: string): Spec {
  const x = requireDtype(op, inputs, 0, "float32");
  const w = requireDtype(op, inputs, 1, "float32");
  const [inner, out = 0] = transposed ? w.shape : w.shape.toReversed();
  if (x.shape.length !== 2 || w.shape.length !== 2 || x.shape[1] !== inner) {
    throw shapeError(op, inputs, `expected [rows, in] and a weight ${transposed ? "[in, out]" : "[out, in]"}`);
  }
  if (inputs.length > 2 && !sameShape(requireDtype(op, inputs, 2, "float32").shape, [out])) {
    throw shapeError(op, inputs, `expected a bias of shape [${out}]`);
  }
  return float([x.shape[0] ?? 0, out]);
}
