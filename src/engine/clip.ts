/** The factor of global-norm clipping: min(1, maxNorm / (norm + 1e-6)); 1 without a limit. */
export function clipFactor(norm: number, maxNorm: number | undefined): number {
  return maxNorm === undefined ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
}
