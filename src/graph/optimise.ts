import type { OpName } from "./op.js";
import { type Shape, sameShape } from "./shape.js";
import { apply, fill, isOp, part, scalar, type Tensor } from "./tensor.js";
import { topological } from "./walk.js";

/**
 * The same values with fewer passes over memory: constants fold, factors merge, and what is repeated along an axis is repeated by the
 * operation that uses it. Run before an expression is compiled, not while it is written: every node a caller holds
 * stays part of its expression.
 */
export function optimise(outputs: readonly Tensor[]): readonly Tensor[] {
  const rewritten = new Map<Tensor, Tensor>();
  const of = (node: Tensor) => rewritten.get(node) as Tensor;
  for (const node of topological(outputs)) rewritten.set(node, rewrite(node, node.inputs.map(of)));
  return outputs.map(of);
}

/** A simpler expression for an operation on these (already simplified) inputs, or null. */
type Simplifier = (inputs: readonly [Tensor, Tensor], node: Tensor) => Tensor | null;

function rewrite(node: Tensor, inputs: readonly Tensor[]): Tensor {
  if (isOp(node, "part")) return part(inputs[0] as Tensor, node.attributes.index);
  if (elementwise.has(node.op)) {
    const narrowed = inputs.map(narrow);
    return widen(simplified(node, narrowed) ?? remade(node, narrowed), node.shape);
  }
  return simplified(node, inputs) ?? remade(node, inputs);
}

function simplified(node: Tensor, inputs: readonly Tensor[]): Tensor | null {
  return simplifiers[node.op]?.(inputs as unknown as readonly [Tensor, Tensor], node) ?? null;
}

/** The same operation on other inputs. */
export function remade(node: Tensor, inputs: readonly Tensor[]): Tensor {
  if (inputs.every((input, i) => input === node.inputs[i])) return node;
  return apply(node.op as Exclude<OpName, "part">, inputs, node.attributes as never);
}

const elementwise: ReadonlySet<OpName> = new Set<OpName>([
  ...(["add", "sub", "mul", "div", "pow", "minimum", "maximum", "equal", "less", "lessOrEqual"] as const),
  ...(["and", "or", "not", "where", "neg", "exp", "log", "sqrt", "abs", "sign", "erf", "tanh", "sigmoid"] as const),
  ...(["softplus", "relu", "clip", "cast", "stopGradient"] as const),
]);

const simplifiers: { readonly [O in OpName]?: Simplifier } = {
  add: ([a, b]) => {
    const [x, y] = [value(a), value(b)];
    if (x !== null && y !== null) return scalar(x + y);
    if (x === 0) return b;
    if (y === 0) return a;
    if (b.op === "neg") return a.sub(b.inputs[0] as Tensor);
    return a.op === "neg" ? b.sub(a.inputs[0] as Tensor) : null;
  },
  sub: ([a, b]) => {
    const [x, y] = [value(a), value(b)];
    if (x !== null && y !== null) return scalar(x - y);
    if (y === 0) return a;
    if (x === 0) return negative(b);
    return b.op === "neg" ? a.add(b.inputs[0] as Tensor) : null;
  },
  mul: ([a, b]) => {
    const [x, y] = [value(a), value(b)];
    if (x !== null && y !== null) return scalar(x * y);
    if (x !== null) return scaled(b, x);
    return y === null ? null : scaled(a, y);
  },
  div: ([a, b]) => {
    const [x, y] = [value(a), value(b)];
    if (x !== null && y !== null) return scalar(x / y);
    return y === 1 ? a : null;
  },
  pow: ([a, b]) => {
    const exponent = value(b);
    if (exponent === 1) return a;
    return exponent === 2 ? a.mul(a) : null;
  },
  neg: ([x]) => negative(x),
  matmul: ([a, b], node) => {
    if (!isOp(node, "matmul") || (!swapsLastTwo(a) && !swapsLastTwo(b))) return null;
    const { transposeA, transposeB, alpha } = node.attributes;
    const [x, y] = [a, b].map((input) => (swapsLastTwo(input) ? (input.inputs[0] as Tensor) : input)) as [
      Tensor,
      Tensor,
    ];
    return x.matmul(y, { transposeA: transposeA !== (x !== a), transposeB: transposeB !== (y !== b), alpha });
  },
  reshape: relaid,
  squeeze: relaid,
  unsqueeze: relaid,
  broadcastTo: ([x], { shape }) => widen(narrow(x), shape),
  transpose: ([x], node) => {
    if (!isOp(node, "transpose")) return null;
    const { permutation } = node.attributes;
    if (permutation.every((axis, i) => axis === i)) return x;
    if (!isOp(x, "transpose")) return null;
    const before = x.attributes.permutation;
    return composed(
      x.inputs[0] as Tensor,
      permutation.map((axis) => before[axis] ?? 0),
    );
  },
  slice: sameOrNull,
  pad: sameOrNull,
};

/** The number in a float32 scalar that is known, else null. */
function value(x: Tensor): number | null {
  return isOp(x, "fill") && x.rank === 0 && x.dtype === "float32" ? x.attributes.value : null;
}

function negative(x: Tensor): Tensor | null {
  const known = value(x);
  if (known !== null) return scalar(-known);
  if (x.op === "neg") return x.inputs[0] as Tensor;
  const [inner, factor] = x.inputs;
  const times = x.op === "mul" && factor !== undefined ? value(factor) : null;
  return times === null ? null : (inner as Tensor).mul(-times);
}

/** x times a number, written with the number last; factors that follow each other become one. */
function scaled(x: Tensor, times: number): Tensor {
  if (times === 1) return x;
  if (times === -1) return negative(x) ?? x.neg();
  const [inner, factor] = x.inputs;
  const before = x.op === "mul" && factor !== undefined ? value(factor) : null;
  if (before !== null) return scaled(inner as Tensor, before * times);
  return x.op === "neg" ? (inner as Tensor).mul(-times) : x.mul(times);
}

/** What is repeated, where x is a repetition; of a single number without its axes. */
function narrow(x: Tensor): Tensor {
  if (isOp(x, "fill") && x.rank > 0) return scalar(x.attributes.value, x.dtype);
  if (x.op !== "broadcastTo") return x;
  const source = x.inputs[0] as Tensor;
  if (source.shape.some((length) => length !== 1)) return source;
  return relaidBase(source, []) ?? source.reshape([]);
}

function widen(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return isOp(x, "fill") ? fill(x.attributes.value, shape, x.dtype) : x.broadcastTo(shape);
}

/** Reshape, squeeze and unsqueeze: back to a shape that was there before, or of one repeated number. */
function relaid([x]: readonly [Tensor, Tensor], { op, shape }: Tensor): Tensor | null {
  const source = narrow(x);
  if (source !== x && source.rank === 0) return widen(source, shape);
  const before = relaidBase(x, shape);
  if (before !== null) return before;
  return op === "reshape" && x.op === "reshape" ? (x.inputs[0] as Tensor).reshape(shape) : null;
}

/** x as it was when it had this shape, before it was only laid out anew; null if it never had. */
function relaidBase(x: Tensor, shape: Shape): Tensor | null {
  let base = x;
  while (!sameShape(base.shape, shape)) {
    if (!["reshape", "squeeze", "unsqueeze"].includes(base.op)) return null;
    base = base.inputs[0] as Tensor;
  }
  return base;
}

function composed(x: Tensor, permutation: readonly number[]): Tensor {
  return permutation.every((axis, i) => axis === i) ? x : x.transpose(permutation);
}

function swapsLastTwo(x: Tensor): boolean {
  if (!isOp(x, "transpose")) return false;
  const rest = x.rank - 2;
  return x.attributes.permutation.every((axis, i) => axis === (i < rest ? i : 2 * rest + 1 - i));
}

function sameOrNull([x]: readonly [Tensor, Tensor], { shape }: Tensor): Tensor | null {
  return sameShape(x.shape, shape) ? x : null;
}
