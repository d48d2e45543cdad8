import { gather, iota, type Shape, size, type Tensor } from "../graph/index.js";
import type { LabelledBatch, TripletSelection } from "./types.js";

/** The pairs that a loss sums over: those of the batch's selection, else all. bool [rows, columns] each. */
export function pairsOf({ selection, positive, negative }: LabelledBatch): { positive: Tensor; negative: Tensor } {
  if (selection === undefined) return { positive, negative };
  if (selection.kind === "pairs") return selection;
  const counts = tripletCounts(selection, positive.shape);
  return { positive: counts.positive.greater(0), negative: counts.negative.greater(0) };
}

/** In how many of the triplets that a loss sums over each pair is: float32 [rows, columns] each. */
export function pairCountsOf(batch: LabelledBatch): { positive: Tensor; negative: Tensor } {
  if (batch.selection?.kind === "triplets") return tripletCounts(batch.selection, batch.positive.shape);
  const { positive, negative } = pairsOf(batch);
  const [to, from] = [positive.cast("float32"), negative.cast("float32")];
  return { positive: to.mul(from.sum(1, { keepDims: true })), negative: from.mul(to.sum(1, { keepDims: true })) };
}

/** Sums over tuples by row: products with one-hot rows, never a scatter. */
function tripletCounts({ anchor, positive, negatives }: TripletSelection, [rows = 0, columns = 0]: Shape) {
  const used = negatives.cast("float32");
  const row = oneHot(anchor, rows);
  const column = oneHot(positive, columns).mul(used.sum(1, { keepDims: true }));
  return {
    positive: row.matmul(column, { transposeA: true }),
    negative: row.matmul(used, { transposeA: true }),
  };
}

/** The triplets that a loss sums over: those of the batch's selection, else every positive pair with all negatives of its anchor. */
export function tripletsOf(batch: LabelledBatch): TripletSelection {
  const { selection, pairs } = batch;
  if (selection?.kind === "triplets") return selection;
  const { positive, negative } = selection ?? batch;
  // A pair that the miner left out, or that only stands in where there is none, keeps no negative.
  const kept = elements(positive, pairs.anchor, pairs.positive).and(pairs.valid);
  return {
    kind: "triplets",
    anchor: pairs.anchor,
    positive: pairs.positive,
    negatives: gather(negative, pairs.anchor).and(kept.unsqueeze(1)),
  };
}

/** matrix[rows[i], columns[i]]; matrix [n, m], both indices int32 [k]. Has no cheap gradient: for masks. */
export function elements(matrix: Tensor, rows: Tensor, columns: Tensor): Tensor {
  return gather(matrix.reshape([-1]), rows.mul(size(matrix.length(1)).cast("int32")).add(columns));
}

/** float32 [indices, length] with a one in each row. */
function oneHot(index: Tensor, length: Tensor["shape"][number]): Tensor {
  return index.unsqueeze(1).equal(iota(length).unsqueeze(0)).cast("float32");
}
