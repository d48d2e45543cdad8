import { relu, sqrt, stopGradient, type Tensor, where } from "../graph/index.js";

/** Degrees as radians. */
export const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/**
 * The sine of an angle of 0 … π by its cosine. Its gradient is taken as 0 within 0.04 degrees of 0 and π, where the cosine of float32 has no
 * digits left of the angle and the true gradient is without bound: equal rows then have finite gradients.
 */
export function sine(cosine: Tensor): Tensor {
  const square = relu(cosine.neg().add(1).mul(cosine.add(1)));
  const safe = square.greater(4e-7);
  return where(safe, sqrt(where(safe, square, 1)), stopGradient(sqrt(square)));
}

/** cos(θ + shift) by cos θ, for θ in 0 … π. */
export function cosineOfShifted(cosine: Tensor, shift: number): Tensor {
  return cosine.mul(Math.cos(shift)).sub(sine(cosine).mul(Math.sin(shift)));
}
