import { inputError } from "../base/errors.js";
import { type Dim, dim, multiplyDims } from "./dim.js";
import type { Inputs, OpAttributes, OpName } from "./op.js";
import { shapeRules } from "./rules/index.js";
import type { ShapeRule } from "./rules/rule.js";
import { canonicalShape, type DType, frontAxes, frontAxis, type Shape, type Spec } from "./shape.js";

export type { Dim } from "./dim.js";
export type { DType, Shape } from "./shape.js";

/** A tensor, or a number that stands for a scalar of the dtype it meets. */
export type Operand = Tensor | number;

/** Axes of a reduction, negative ones counted from the back; absent: all. */
export type Axes = number | readonly number[];

/**
 * A node of an expression: an operation on other nodes. Immutable; nothing is computed when it is made, but its dtype and
 * shape are checked, so that a mistake is raised (`NearmissError`, code `shape`) where the expression is written.
 */
export class Tensor {
  constructor(
    readonly op: OpName,
    readonly inputs: readonly Tensor[],
    readonly attributes: OpAttributes[OpName],
    readonly dtype: DType,
    readonly shape: Shape,
    /** The results of an operation that has several; `part` picks one. */
    readonly parts?: readonly Spec[],
  ) {}

  get rank(): number {
    return this.shape.length;
  }

  /** The length along an axis; negative axes count from the back. */
  length(axis: number): Dim {
    return this.shape[frontAxis("length", axis, this.rank)] ?? 1;
  }

  add(other: Operand): Tensor {
    return apply("add", [this, operand(other, this.dtype)], {});
  }
  sub(other: Operand): Tensor {
    return apply("sub", [this, operand(other, this.dtype)], {});
  }
  mul(other: Operand): Tensor {
    return apply("mul", [this, operand(other, this.dtype)], {});
  }
  div(other: Operand): Tensor {
    return apply("div", [this, operand(other, this.dtype)], {});
  }
  pow(other: Operand): Tensor {
    return apply("pow", [this, operand(other, this.dtype)], {});
  }
  neg(): Tensor {
    return apply("neg", [this], {});
  }
  square(): Tensor {
    return this.mul(this);
  }
  exp(): Tensor {
    return apply("exp", [this], {});
  }
  log(): Tensor {
    return apply("log", [this], {});
  }
  sqrt(): Tensor {
    return apply("sqrt", [this], {});
  }
  abs(): Tensor {
    return apply("abs", [this], {});
  }

  equal(other: Operand): Tensor {
    return apply("equal", [this, operand(other, this.dtype)], {});
  }
  less(other: Operand): Tensor {
    return apply("less", [this, operand(other, this.dtype)], {});
  }
  lessOrEqual(other: Operand): Tensor {
    return apply("lessOrEqual", [this, operand(other, this.dtype)], {});
  }
  greater(other: Operand): Tensor {
    return apply("less", [operand(other, this.dtype), this], {});
  }
  greaterOrEqual(other: Operand): Tensor {
    return apply("lessOrEqual", [operand(other, this.dtype), this], {});
  }
  and(other: Tensor): Tensor {
    return apply("and", [this, other], {});
  }
  or(other: Tensor): Tensor {
    return apply("or", [this, other], {});
  }
  not(): Tensor {
    return apply("not", [this], {});
  }
  cast(dtype: DType): Tensor {
    return dtype === this.dtype ? this : apply("cast", [this], { dtype });
  }

  sum(axes?: Axes, { keepDims = false }: { readonly keepDims?: boolean } = {}): Tensor {
    return apply("sum", [this], { axes: frontAxes("sum", axes, this.rank), keepDims });
  }
  mean(axes?: Axes, options?: { readonly keepDims?: boolean }): Tensor {
    const count = frontAxes("mean", axes, this.rank).reduce<Dim>((n, axis) => multiplyDims(n, this.length(axis)), 1);
    return this.sum(axes, options).div(size(count));
  }

  matmul(
    other: Tensor,
    {
      transposeA = false,
      transposeB = false,
      alpha = 1,
    }: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly alpha?: number } = {},
  ): Tensor {
    return apply("matmul", [this, other], { transposeA, transposeB, alpha });
  }

  /** One length may be -1. */
  reshape(shape: Shape): Tensor {
    return apply("reshape", [this], { shape });
  }
  broadcastTo(shape: Shape): Tensor {
    return apply("broadcastTo", [this], { shape });
  }
  /** Without a permutation: the last two axes change places. */
  transpose(permutation?: readonly number[]): Tensor {
    const axes = this.shape.map((_, i) => i);
    const swapped = [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
    return apply("transpose", [this], { permutation: permutation ?? swapped });
  }
  squeeze(axes: Axes): Tensor {
    return apply("squeeze", [this], { axes: frontAxes("squeeze", axes, this.rank) });
  }
  /** Axes of length 1 at these places of the result. */
  unsqueeze(axes: Axes): Tensor {
    const rank = this.rank + (typeof axes === "number" ? 1 : axes.length);
    return apply("unsqueeze", [this], { axes: frontAxes("unsqueeze", axes, rank) });
  }
}

/** A node of an operation: the one place where nodes are made. Throws `shape`. */
export function apply<O extends Exclude<OpName, "part">>(
  op: O,
  inputs: readonly Tensor[],
  attributes: OpAttributes[O],
): Tensor {
  const several = inputs.find((input) => input.parts !== undefined);
  if (several !== undefined) {
    throw inputError("shape", `${op}: ${several.op} has several results; pick one with part()`);
  }
  const rule: ShapeRule<O> = shapeRules[op];
  const result = rule(inputs as unknown as Inputs<Spec>, attributes, op);
  const specs: readonly Spec[] = "dtype" in result ? [result] : result;
  const [first] = specs;
  if (first === undefined) throw inputError("shape", `${op} has no results`);
  return new Tensor(op, inputs, attributes, first.dtype, first.shape, "dtype" in result ? undefined : specs);
}

/** One result of an operation that has several. */
export function part(node: Tensor, index: number): Tensor {
  const spec = node.parts?.[index];
  if (spec === undefined) throw inputError("shape", `${node.op} has no result ${index}`);
  return new Tensor("part", [node], { index }, spec.dtype, spec.shape);
}

/** Whether a node is of an operation; makes its attributes known. */
export function isOp<O extends OpName>(
  node: Tensor,
  op: O,
): node is Tensor & { readonly op: O; readonly attributes: OpAttributes[O] } {
  return node.op === op;
}

/** A number becomes a scalar of the given dtype. */
export function operand(value: Operand, dtype: DType): Tensor {
  return typeof value === "number" ? scalar(value, dtype) : value;
}

/** A constant of shape []. */
export function scalar(value: number, dtype: DType = "float32"): Tensor {
  return fill(value, [], dtype);
}

/** A tensor of one value. */
export function fill(value: number, shape: Shape, dtype: DType = "float32"): Tensor {
  if (dtype !== "float32" && !Number.isInteger(value)) {
    throw inputError("shape", `fill: ${value} is no ${dtype}`);
  }
  return apply("fill", [], { value, shape: canonicalShape(shape), dtype });
}

/** A length as a float32 scalar. */
export function size(length: Dim): Tensor {
  const value = dim(length);
  return typeof value === "number" ? scalar(value) : apply("size", [], { dim: value });
}
