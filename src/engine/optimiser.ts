import { inputError } from "../base/errors.js";
import type { NamedTensor, RawTensor } from "../base/safetensors.js";
import { type Block, type Host, product } from "./host.js";
import { adamwFactors, type FloatArray, type TableRows } from "./reference.js";
import type { OptimiserOptions } from "./types.js";

/** One parameter with its gradient. With `rows`, only those of a table, ascending, have one: the others' is zero by construction. */
export interface ParameterGradient<B> {
  readonly name: string;
  readonly parameter: B;
  readonly gradient: B;
  readonly rows?: TableRows;
  /** The sums of squares of these rows, where they are known. */
  readonly squares?: Float64Array;
}

/** What an optimiser keeps of one parameter: moments as large as itself, and how many steps it (or each of its rows) took. */
interface Slot<B> {
  readonly moments: readonly B[];
  readonly steps: Int32Array;
}

/** The state and the rule of one optimiser over one set of weights. */
export interface OptimiserState<B> {
  /** One step. The gradients are multiplied by `gradientScale`. Parameters that are not listed keep weights and moments. */
  apply(gradients: readonly ParameterGradient<B>[], learningRate: number, gradientScale: number): void;
  /** The state as tensors; the data are live views, to be written before anything else happens. */
  tensors(): NamedTensor[];
  /** Replaces the state. Throws `bad-optimiser` when the tensors are not of this optimiser and these weights. */
  restore(tensors: ReadonlyMap<string, RawTensor>): void;
  free(): void;
}

type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * AdamW and SGD as PyTorch's, and sparse-adamw for tables: there a row without a gradient keeps weights and moments, without decay,
 * and counts no step, so that each row's bias correction is its own. Absent options: β 0.9 and 0.999, ε 1e-8, no decay, no momentum.
 * Throws `bad-optimiser` on options out of range and on names that the weights do not have.
 */
export function createOptimiserState<B extends Block>(
  host: Host<B>,
  shapes: Shapes,
  options: OptimiserOptions,
): OptimiserState<B> {
  check(options, shapes);
  const kinds = momentKinds(options);
  const decayed = options.decayed === undefined ? undefined : new Set(options.decayed);
  const sparse = new Set(options.kind === "adamw" ? options.sparse : []);
  const rates = new Map(Object.entries(options.rates ?? {}));
  let slots = new Map<string, Slot<B>>();

  const createSlot = (name: string, parameter?: B): Slot<B> => {
    const shape = shapes.get(name) ?? [];
    const counters = options.kind === "sgd" ? 0 : sparse.has(name) ? (shape[0] ?? 1) : 1;
    return { moments: kinds.map(() => host.allocate(product(shape), parameter)), steps: new Int32Array(counters) };
  };
  const slotOf = ({ name, parameter }: ParameterGradient<B>): Slot<B> => {
    const slot = slots.get(name) ?? createSlot(name, parameter);
    slots.set(name, slot);
    return slot;
  };
  const freeAll = (held: ReadonlyMap<string, Slot<B>>): void => {
    for (const { moments } of held.values()) for (const block of moments) host.free(block);
  };

  return {
    apply(gradients, learningRate, gradientScale) {
      // All memory first: an update is whole or does not happen.
      for (const one of gradients) slotOf(one);
      for (const one of gradients) {
        const { name, parameter, gradient, rows } = one;
        const { moments, steps } = slotOf(one);
        const weightDecay = (decayed?.has(name) ?? true) ? (options.weightDecay ?? 0) : 0;
        const rate = learningRate * (rates.get(name) ?? 1);
        if (options.kind === "sgd") {
          const { momentum = 0, nesterov = false } = options;
          const factors = { gradientScale, weightDecay, momentum, nesterov, learningRate: rate };
          if (rows !== undefined) clearOthers(host, gradient, rows);
          host.sgd(parameter, gradient, moments[0], factors);
          continue;
        }
        const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
        const [first, second] = moments as [B, B];
        const factorsOf = (counter: number) =>
          adamwFactors({ beta1, beta2, epsilon, weightDecay }, ++steps[counter]!, rate, gradientScale);
        if (sparse.has(name)) {
          const width = parameter.length / steps.length;
          for (const row of rows?.ids ?? steps.keys()) {
            host.adamw(parameter, gradient, first, second, { from: row * width, count: width }, factorsOf(row));
          }
        } else if (rows !== undefined) host.adamwTable(parameter, gradient, first, second, rows, factorsOf(0));
        else host.adamw(parameter, gradient, first, second, { from: 0, count: parameter.length }, factorsOf(0));
      }
    },
    tensors() {
      return [...slots].flatMap(([name, { moments, steps }]) => {
        const shape = shapes.get(name) ?? [];
        const saved = moments.map((block, i): NamedTensor => {
          const data = host.values(block);
          return { name: `${kinds[i]}/${name}`, dtype: dtypeOf(data), shape, data };
        });
        const counters: NamedTensor = { name: `steps/${name}`, dtype: "I32", shape: [steps.length], data: steps };
        return steps.length === 0 ? saved : [...saved, counters];
      });
    },
    restore(tensors) {
      const restored = new Map<string, Slot<B>>();
      try {
        for (const key of tensors.keys()) {
          const name = key.slice(key.indexOf("/") + 1);
          if (!shapes.has(name))
            throw mismatch(key, "a parameter that these weights do not have", "another model's state?");
          if (!restored.has(name)) restored.set(name, createSlot(name));
        }
        let used = 0;
        for (const [name, slot] of restored) {
          const expected = [...kinds, ...(slot.steps.length > 0 ? ["steps"] : [])];
          for (const [i, kind] of expected.entries()) {
            const block = slot.moments[i];
            const target = block === undefined ? slot.steps : host.values(block);
            fillFrom(target, tensors.get(`${kind}/${name}`), `${kind}/${name}`);
          }
          used += expected.length;
        }
        if (used !== tensors.size) throw mismatch("state", `${tensors.size} tensors`, `${used}, of another kind`);
      } catch (error) {
        freeAll(restored);
        throw error;
      }
      freeAll(slots);
      slots = restored;
    },
    free: () => freeAll(slots),
  };
}

/** Makes the gradient zero in the rows that have none. */
function clearOthers<B extends Block>(host: Host<B>, gradient: B, { ids, width }: TableRows): void {
  const values = host.values(gradient);
  let row = 0;
  for (const next of ids) {
    values.fill(0, row * width, next * width);
    row = next + 1;
  }
  values.fill(0, row * width);
}

function momentKinds(options: OptimiserOptions): readonly string[] {
  if (options.kind === "adamw") return ["first", "second"];
  return (options.momentum ?? 0) > 0 ? ["velocity"] : [];
}

function fillFrom(target: FloatArray | Int32Array, tensor: RawTensor | undefined, key: string): void {
  const dtype = dtypeOf(target);
  if (tensor === undefined) throw mismatch(key, "nothing", dtype);
  if (tensor.dtype !== dtype || tensor.data.byteLength !== target.byteLength) {
    throw mismatch(key, `${tensor.dtype}, ${tensor.data.byteLength} bytes`, `${dtype}, ${target.byteLength} bytes`);
  }
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(tensor.data);
}

function dtypeOf(data: FloatArray | Int32Array): "F32" | "F64" | "I32" {
  return data instanceof Int32Array ? "I32" : data instanceof Float32Array ? "F32" : "F64";
}

function check(options: OptimiserOptions, shapes: Shapes): void {
  const share = (field: string, value: number): void => {
    if (!(value >= 0 && value < 1)) throw bad(field, String(value), "from 0 to below 1");
  };
  const least0 = (field: string, value: number): void => {
    if (!(value >= 0 && Number.isFinite(value))) throw bad(field, String(value), "a finite number from 0");
  };
  least0("weightDecay", options.weightDecay ?? 0);
  if (options.kind === "adamw") {
    share("beta1", options.beta1 ?? 0);
    share("beta2", options.beta2 ?? 0);
    least0("epsilon", options.epsilon ?? 0);
  } else {
    share("momentum", options.momentum ?? 0);
    if (options.nesterov && !options.momentum) throw bad("nesterov", "momentum 0", "momentum above 0");
  }
  const sparse = options.kind === "adamw" ? (options.sparse ?? []) : [];
  for (const rate of Object.values(options.rates ?? {})) least0("rates", rate);
  for (const name of [...(options.decayed ?? []), ...sparse, ...Object.keys(options.rates ?? {})]) {
    if (!shapes.has(name)) throw bad("decayed, sparse or rates", name, "names of the weights");
  }
}

function bad(field: string, found: string, expected: string) {
  return inputError("bad-optimiser", "the optimiser's options do not fit", { field, found, expected });
}

function mismatch(field: string, found: string, expected: string) {
  return inputError("bad-optimiser", "the saved optimiser state does not fit", { field, found, expected });
}
