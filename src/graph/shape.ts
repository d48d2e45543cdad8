import { inputError, type NearmissError } from "../base/errors.js";
import { type Dim, dim, divideDims, multiplyDims } from "./dim.js";

/** "float32" is computed in float32 by onnxruntime and in float64 by the interpreter. */
export type DType = "float32" | "int32" | "bool";

export type Shape = readonly Dim[];

/** What is known of a tensor before it is computed. */
export interface Spec {
  readonly dtype: DType;
  readonly shape: Shape;
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** An error that names the operation and the shapes it was given. */
export function shapeError(op: string, inputs: readonly Spec[], problem: string): NearmissError {
  const shapes = inputs.map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`).join(" and ");
  return inputError("shape", `${op}${shapes === "" ? "" : ` of ${shapes}`}: ${problem}`);
}

export function canonicalShape(shape: Shape): Shape {
  return shape.map(dim);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

/** The number of elements. */
export function shapeSize(shape: Shape): Dim {
  return shape.reduce(multiplyDims, 1);
}

/** The shape that two shapes broadcast to (numpy's rule; a symbol equals only itself), or null. */
export function broadcastShapes(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    result.push(x === 1 ? y : x);
  }
  return result;
}

/** An axis counted from the front. Throws `shape` when the tensor has no such axis. */
export function frontAxis(op: string, axis: number, rank: number): number {
  const front = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || front < 0 || front >= rank) {
    throw inputError("shape", `${op}: axis ${axis} of a tensor with ${rank} axes`);
  }
  return front;
}

/** Axes counted from the front, sorted, each once; all axes when absent. */
export function frontAxes(op: string, axes: number | readonly number[] | undefined, rank: number): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => frontAxis(op, axis, rank));
  return [...new Set(list)].sort((a, b) => a - b);
}

/** A target shape of reshape with its one -1 worked out. Throws `shape` when the sizes differ. */
export function reshapedShape(input: Spec, target: Shape): Shape {
  const wanted = canonicalShape(target);
  const open = wanted.indexOf(-1);
  const size = shapeSize(input.shape);
  const known = shapeSize(wanted.filter((_, i) => i !== open));
  if (open < 0) {
    if (known !== size) throw shapeError("reshape", [input], `${formatShape(wanted)} has another size`);
    return wanted;
  }
  const missing = divideDims(size, known);
  if (missing === null) throw shapeError("reshape", [input], `${formatShape(wanted)} leaves no whole length for -1`);
  return wanted.with(open, missing);
}
