/** Rows of a batch, by id. Column j < rows is row j's positive; the negatives follow, row after row. */
export interface BatchIds {
  readonly queryIds: readonly string[];
  readonly positiveIds: readonly string[];
  /** Each row's own hard negatives; rows may differ in length. */
  readonly negativeIds: readonly (readonly string[])[];
  /** Ids of all documents known to be relevant to each row's query. */
  readonly knownPositives: readonly ReadonlySet<string>[];
}

/**
 * Which columns are left out of a row, its own positive never among them. `same-id`: other columns with the row's positive.
 * `known-positives`: also documents known to be relevant to the row's query. `known-positives+same-query`: also the positives of other
 * rows with the same query.
 */
export type MaskPolicy = "none" | "same-id" | "known-positives" | "known-positives+same-query";

export const maskPolicies: readonly MaskPolicy[] = ["none", "same-id", "known-positives", "known-positives+same-query"];

/** The columns' document ids, and for each row and column (row-major) 1 where the column takes part in the row's softmax, 0 where it is masked. */
export function inBatchMask(
  batch: BatchIds,
  policy: MaskPolicy,
): { readonly columns: readonly string[]; readonly keep: Uint8Array } {
  const { queryIds, positiveIds, knownPositives } = batch;
  const columns = [...positiveIds, ...batch.negativeIds.flat()];
  const rows = positiveIds.length;
  const keep = new Uint8Array(rows * columns.length).fill(1);
  if (policy === "none") return { columns, keep };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns.length; column++) {
      if (column === row) continue;
      const id = columns[column] as string;
      const masked =
        id === positiveIds[row] ||
        (policy !== "same-id" && knownPositives[row]?.has(id) === true) ||
        (policy === "known-positives+same-query" && column < rows && queryIds[column] === queryIds[row]);
      if (masked) keep[row * columns.length + column] = 0;
    }
  }
  return { columns, keep };
}

/**
 * Columns that a guide model finds too close to be negatives (GISTEmbed, arXiv 2402.16829): 1 where its similarity exceeds that to the
 * row's positive less a margin, absolute or as a share of it. The row's own positive (column = row) is never masked.
 *
 * @param similarities the guide's similarity of each row to each column.
 * @param positives its similarity of each row to the row's positive.
 */
export function guideMask(
  similarities: readonly (readonly number[])[],
  positives: readonly number[],
  margin: { readonly kind: "absolute" | "relative"; readonly value: number },
): number[][] {
  return similarities.map((row, i) => {
    const positive = positives[i] as number;
    const limit = margin.kind === "absolute" ? positive - margin.value : positive * (1 - margin.value);
    return row.map((similarity, j) => (j !== i && similarity > limit ? 1 : 0));
  });
}
