/**
 * The error function in double precision: below 3 Kummer's series 2x/√π · e^(-x²) · Σ (2x²)ⁿ / (2n+1)!!, whose terms are all of one
 * sign; above it 1 minus the continued fraction of erfc (Abramowitz and Stegun 1964, 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  const square = x * x;
  if (size < 3) {
    let term = 1;
    let sum = 1;
    for (let n = 1; term > 1e-17 * sum; n++) {
      term *= (2 * square) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * x * Math.exp(-square) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-square) / (Math.sqrt(Math.PI) * (size + fraction)));
}
