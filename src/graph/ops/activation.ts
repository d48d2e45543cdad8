import { apply, part, type Tensor } from "../tensor.js";
import { tanh } from "./elementwise.js";

/**
 * u · (1 + erf(u)). With u = x / √2 this is √2 · gelu(x): a layer that can scale its product by 1/√2 before and after saves two
 * passes over the hidden activations.
 */
export function geluGate(u: Tensor): Tensor {
  return part(apply("geluGate", [u], {}), 0);
}

/** x · Φ(x) with the Gaussian's distribution function. Hendrycks and Gimpel 2016. */
export function gelu(x: Tensor): Tensor {
  return geluGate(x.mul(Math.SQRT1_2)).mul(Math.SQRT1_2);
}

/** The approximation x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))). Hendrycks and Gimpel 2016. */
export function geluTanh(x: Tensor): Tensor {
  const inner = x.add(x.square().mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return x.mul(0.5).mul(tanh(inner).add(1));
}
