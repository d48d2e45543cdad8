import { clipFactor } from "#nearmiss/engine/clip.js";
import { createReferenceHost } from "#nearmiss/engine/host-reference.js";
import { createWasmHost } from "#nearmiss/engine/host-wasm.js";
import { createOptimiserState } from "#nearmiss/engine/optimiser.js";
import { schedule } from "#nearmiss/engine/schedule.js";
import { compare, compareArray } from "../compare.mjs";

const KINDS = new Map([
  ["adamw", "adamw"],
  ["sparse-adamw", "adamw"],
  ["sgd", "sgd"],
]);
const SCHEDULES = new Map([
  ["constant", "constant"],
  ["constant-with-warmup", "constant"],
  ["linear", "linear"],
  ["cosine", "cosine"],
]);

// Optimisers, clipping and schedules: float64 on the reference host, with --float32 on the WebAssembly one.
export const handlers = [
  {
    matches: ({ name }) => name === "optimizers",
    runCase(one, json, { float32 }) {
      const tolerance = float32 ? { rtol: 1e-4, atol: 1e-5 } : { rtol: json.tolerance, atol: json.tolerance };
      const got = compute(one, float32 ? createWasmHost() : createReferenceHost());
      if (got === undefined) return "skip";
      if (one.expected.norm === undefined)
        return compareArray(got, Object.values(one.expected)[0], tolerance, one.name);
      const isClose = (a, b) => Math.abs(a - b) <= tolerance.rtol * Math.abs(b) + tolerance.atol;
      return compare(got, one.expected, isClose);
    },
  },
];

function compute({ inputs, params }, host) {
  if (KINDS.has(params.optimizer)) return train(inputs, params, host);
  if (SCHEDULES.has(params.schedule)) {
    const factor = schedule(SCHEDULES.get(params.schedule), inputs.warmupSteps, inputs.steps);
    return Array.from({ length: inputs.steps }, (_, step) => factor(step));
  }
  return params.maxNorm === undefined ? undefined : clip(inputs.gradients, params.maxNorm, host);
}

/** Weights after every step. */
function train({ weights, gradients, rows, rowGradients, learningRates }, { optimizer, ...params }, host) {
  const width = weights[0].length;
  const parameter = blockOf(host, weights.flat());
  const sparse = optimizer === "sparse-adamw" ? { sparse: ["w"] } : {};
  const options = { ...params, ...sparse, kind: KINDS.get(optimizer) };
  const state = createOptimiserState(host, new Map([["w", [weights.length, width]]]), options);
  return learningRates.map((learningRate, step) => {
    const gradient = blockOf(host, gradients?.[step].flat() ?? weights.flat().fill(0));
    for (const [i, row] of rows?.[step].entries() ?? []) host.values(gradient).set(rowGradients[step][i], row * width);
    const touched = rows === undefined ? {} : { rows: { ids: Int32Array.from(rows[step]), width } };
    state.apply([{ name: "w", parameter, gradient, ...touched }], learningRate, 1);
    return weights.map((_, row) => [...host.values(parameter).slice(row * width, (row + 1) * width)]);
  });
}

function clip(gradients, maxNorm, host) {
  const squares = gradients.map((gradient) => {
    const flat = gradient.flat();
    return host.squaredNorm(blockOf(host, flat), { from: 0, count: flat.length });
  });
  const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  const factor = clipFactor(norm, maxNorm);
  const scale = (value) => (Array.isArray(value) ? value.map(scale) : value * factor);
  return { norm, gradients: scale(gradients) };
}

function blockOf(host, values) {
  const block = host.allocate(values.length);
  host.values(block).set(values);
  return block;
}
