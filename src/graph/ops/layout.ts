import { inputError } from "../../base/errors.js";
import { addDims, type Dim } from "../dim.js";
import { frontAxis, type Shape } from "../shape.js";
import { apply, part, type Tensor } from "../tensor.js";

export function reshape(x: Tensor, shape: Shape): Tensor {
  return x.reshape(shape);
}

export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return x.broadcastTo(shape);
}

export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  return x.transpose(permutation);
}

/** Elements start … end-1 along an axis. Negative numbers count from the end; symbols do not. */
export function slice(x: Tensor, axis: number, start: Dim, end: Dim = x.length(axis)): Tensor {
  const length = x.length(axis);
  const fromFront = (place: Dim) =>
    typeof place === "number" && place < 0 ? addDims(length, place) : addDims(place, 0);
  return apply("slice", [x], {
    axis: frontAxis("slice", axis, x.rank),
    start: fromFront(start),
    end: fromFront(end),
  });
}

/** Zeros before and after along an axis. */
export function pad(x: Tensor, axis: number, before: Dim, after: Dim): Tensor {
  return apply("pad", [x], { axis: frontAxis("pad", axis, x.rank), before, after });
}

export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const [first] = tensors;
  if (first === undefined) throw inputError("shape", "concat of nothing");
  return tensors.length === 1 ? first : apply("concat", tensors, { axis: frontAxis("concat", axis, first.rank) });
}

/** Parts of these lengths along an axis, in order. */
export function split(x: Tensor, sizes: readonly Dim[], axis = 0): readonly Tensor[] {
  const node = apply("split", [x], { axis: frontAxis("split", axis, x.rank), sizes });
  return sizes.map((_, i) => part(node, i));
}
