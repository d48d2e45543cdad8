/** ln Γ(x) for x > 0 by Stirling's series, after shifting x above 10; relative error about 1e-15. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift -= Math.log(z);
  const r = 1 / (z * z);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / z;
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series;
}

/** The regularised incomplete beta function I_x(a, b): the continued fraction of Abramowitz and Stegun 26.5.8 by Lentz's method. */
function betaRegularised(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaRegularised(1 - x, b, a);
  const factor = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x) - Math.log(a),
  );
  return (
    factor /
    lentz((i) => {
      if (i === 0) return 1;
      const m = Math.floor(i / 2);
      return i % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    })
  );
}

/** 1 + c(1) / (1 + c(2) / (1 + …)) by the modified method of Lentz. */
function lentz(coefficient: (i: number) => number): number {
  const tiny = 1e-300;
  let value = 1;
  let c = 1;
  let d = 0;
  for (let i = 1; i < 10_000; i++) {
    d = 1 / (1 + coefficient(i) * d || tiny);
    c = 1 + coefficient(i) / c || tiny;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
}

/** Probability that Student's t with `df` > 0 degrees of freedom lies at least |t| from 0. */
export function studentTwoSided(t: number, df: number): number {
  return betaRegularised(df / (df + t * t), df / 2, 0.5);
}

/** The t that a two-sided probability p, 0 < p < 1, belongs to; by bisection. */
export function studentQuantile(p: number, df: number): number {
  let low = 0;
  let high = 1;
  while (studentTwoSided(high, df) > p) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (studentTwoSided(middle, df) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Probability that a standard normal number lies at least |z| from 0, by the power series near 0 and Laplace's continued fraction beyond. */
export function normalTwoSided(z: number): number {
  const x = Math.abs(z);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let i = 3; term > sum * 1e-17; i += 2) {
      term *= (x * x) / i;
      sum += term;
    }
    return 1 - 2 * density * sum;
  }
  let fraction = x;
  for (let i = 200; i >= 1; i--) fraction = x + i / fraction;
  return (2 * density) / fraction;
}
