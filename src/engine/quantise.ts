/** Vectors by 8-bit integers with a step for each: row i is near steps[i] · its whole numbers. */
export interface Int8Rows {
  /** −limit … limit, at [row, i] or, turned, at [i, row]. */
  readonly values: Int8Array;
  /** 0 for a row of zeros. */
  readonly steps: Float32Array;
  /** Euclidean length of each row's difference to what its whole numbers stand for. */
  readonly errors: Float64Array;
  /** Euclidean length of what each row's whole numbers stand for. */
  readonly lengths: Float64Array;
}

/** Quantises rows to their nearest multiples of greatest magnitude / limit. */
export function quantiseRows(rows: Float32Array, dimension: number, limit: number, turned: boolean): Int8Rows {
  const count = rows.length / dimension;
  const values = new Int8Array(rows.length);
  const steps = new Float32Array(count);
  const errors = new Float64Array(count);
  const lengths = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    const start = row * dimension;
    let greatest = 0;
    for (let i = start; i < start + dimension; i++) greatest = Math.max(greatest, Math.abs(rows[i]!));
    const step = Math.fround(greatest / limit);
    steps[row] = step;
    if (step === 0) {
      errors[row] = greatest * Math.sqrt(dimension);
      continue;
    }
    let [missed, reached] = [0, 0];
    for (let i = 0; i < dimension; i++) {
      const value = rows[start + i]!;
      const whole = Math.max(-limit, Math.min(limit, Math.round(value / step)));
      values[turned ? i * count + row : start + i] = whole;
      missed += (value - step * whole) ** 2;
      reached += (step * whole) ** 2;
    }
    errors[row] = Math.sqrt(missed);
    lengths[row] = Math.sqrt(reached);
  }
  return { values, steps, errors, lengths };
}
