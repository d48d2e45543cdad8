import { inputError } from "../../base/errors.js";
import { frontAxis } from "../shape.js";
import { apply, part, type Tensor } from "../tensor.js";
import { iota } from "./leaf.js";

/** The slices of x along an axis that an int32 index of any shape names: its shape takes the axis's place. Places are 0 … length-1. */
export function gather(x: Tensor, index: Tensor, axis = 0): Tensor {
  return apply("gather", [x, index], { axis: frontAxis("gather", axis, x.rank) });
}

/** x[…, index[…, i, …], …] along an axis, element by element; the result has the index's shape. */
export function takeAlongAxis(x: Tensor, index: Tensor, axis = -1): Tensor {
  return apply("takeAlongAxis", [x, index], { axis: frontAxis("takeAlongAxis", axis, x.rank) });
}

/** x[i, i] of a matrix with at least as many columns as rows: [rows]. */
export function diagonal(x: Tensor): Tensor {
  if (x.rank !== 2) throw inputError("shape", `diagonal of [${x.shape.join(", ")}]: expected a matrix`);
  return takeAlongAxis(x, iota(x.length(0)).unsqueeze(1), 1).squeeze(1);
}

/**
 * The rows of x [rows, …], dealt out to parts: part i has row `indices[i][…]` at each place of its int32 index, so it has the index's
 * shape, then that of a row. `inverse` [rows] is, for each row of x, its place among the places of all parts, laid end to end.
 *
 * The gradient is one gather with the inverse. That is right when each row is named once, with one exception: padded
 * places may all name a row whose gradient nobody wants (a dummy row at the end); its `inverse` must then name such a padded
 * place, and what is computed there must not enter the result.
 */
export function partitionRows(x: Tensor, indices: readonly Tensor[], inverse: Tensor): readonly Tensor[] {
  const node = apply("partitionRows", [x, ...indices, inverse], {});
  return indices.map((_, i) => part(node, i));
}

/** The way back from `partitionRows`: the rows of all parts, laid end to end, at the places that `inverse` names. */
export function mergeRows(parts: readonly Tensor[], indices: readonly Tensor[], inverse: Tensor): Tensor {
  return apply("mergeRows", [...parts, ...indices, inverse], { parts: parts.length });
}

/** The rows of x in another order: `partitionRows` with one part. */
export function permuteRows(x: Tensor, index: Tensor, inverse: Tensor): Tensor {
  return part(apply("partitionRows", [x, index, inverse], {}), 0);
}

/** Rows of a table by int32 ids of any shape: [..., dim]. The gradient leaves the graph by row and is added up by the engine. */
export function gatherRows(table: Tensor, ids: Tensor): Tensor {
  requireParameter("gatherRows", table);
  return apply("gatherRows", [table, ids], {});
}

/**
 * Means of a table's rows: row r is the mean over ids[offsets[r] … offsets[r+1]-1], zeros for none. ids [tokens] and offsets [rows+1] are
 * int32 inputs. Computed by the engine before the graph.
 */
export function embeddingBag(table: Tensor, ids: Tensor, offsets: Tensor): Tensor {
  requireParameter("embeddingBag", table);
  if (ids.op !== "input" || offsets.op !== "input") {
    throw inputError("shape", "embeddingBag: ids and offsets must be inputs of the graph");
  }
  return apply("embeddingBag", [table, ids, offsets], {});
}

function requireParameter(op: string, table: Tensor): void {
  if (table.op !== "parameter") throw inputError("shape", `${op}: the table must be a parameter, found ${table.op}`);
}
