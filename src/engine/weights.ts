import { inputError } from "../base/errors.js";
import { type NamedTensor, readSafetensors } from "../base/safetensors.js";
import type { Weight } from "./executable.js";
import { createGradientBuffers, type GradientBuffers } from "./gradients.js";
import { type Block, type Host, product } from "./host.js";
import type { HostTensor } from "./types.js";

/** A named set of tensors in a host, and the buffers for its gradients. */
export interface WeightSet<B> {
  readonly tensors: ReadonlyMap<string, Weight<B>>;
  readonly gradients: GradientBuffers<B>;
}

/** Copies tensors into the host. Throws `bad-weight` on any that is not float32 or does not fill its shape. */
export function createWeightSet<B extends Block>(
  host: Host<B>,
  tensors: ReadonlyMap<string, HostTensor>,
): WeightSet<B> {
  for (const [name, { data, dtype, shape }] of tensors) {
    if (dtype === "float32" && data.length === product(shape)) continue;
    throw inputError("bad-weight", "a weight must be float32 and fill its shape", {
      field: name,
      found: `${dtype}, ${data.length} values`,
      expected: `float32, ${product(shape)} values`,
    });
  }
  const held = new Map<string, Weight<B>>();
  for (const [name, { data, shape }] of tensors) {
    const block = host.allocate(data.length);
    host.values(block).set(data);
    held.set(name, { shape: [...shape], block });
  }
  return { tensors: held, gradients: createGradientBuffers(host, held) };
}

export function freeWeightSet<B extends Block>(host: Host<B>, { tensors, gradients }: WeightSet<B>): void {
  for (const { block } of tensors.values()) host.free(block);
  gradients.free();
}

/** A weight of a set; throws `missing-weight`. */
export function weightOf<B>({ tensors }: Pick<WeightSet<B>, "tensors">, name: string): Weight<B> {
  const found = tensors.get(name);
  if (found === undefined) throw inputError("missing-weight", "a weight is missing", { field: name });
  return found;
}

/** Throws `bad-weight` unless a tensor of that shape fits into a weight. */
export function checkShape<B>(name: string, { shape }: Pick<HostTensor, "shape">, weight: Weight<B>): void {
  if (shape.length === weight.shape.length && shape.every((length, i) => length === weight.shape[i])) return;
  throw inputError("bad-weight", "a weight has another shape", {
    field: name,
    found: `[${shape.join(", ")}]`,
    expected: `[${weight.shape.join(", ")}]`,
  });
}

/** The tensors of a set as live views, to be written before anything else happens. */
export function liveTensors<B extends Block>(host: Host<B>, { tensors }: WeightSet<B>): NamedTensor[] {
  return [...tensors].map(([name, { shape, block }]) => {
    const data = host.values(block);
    return { name, shape, data, dtype: data instanceof Float32Array ? "F32" : "F64" };
  });
}

/** Tensors of a safetensors file of float32 or float64. Throws `bad-weight` on others. */
export function readFloats(path: string): Map<string, HostTensor> {
  return new Map(
    [...readSafetensors(path)].map(([name, { dtype, shape, data }]): [string, HostTensor] => {
      if (dtype !== "F32" && dtype !== "F64") {
        throw inputError("bad-weight", "a weight is not float32 or float64", { file: path, field: name, found: dtype });
      }
      const values = dtype === "F32" ? new Float32Array(data.buffer) : new Float64Array(data.buffer);
      return [name, { dtype: "float32", shape, data: values }];
    }),
  );
}
