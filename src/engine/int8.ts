import { inputError } from "../base/errors.js";
import { input, parameter } from "../graph/index.js";
import { withInt8Products } from "../graph/int8.js";
import { apply, isOp, type Tensor } from "../graph/tensor.js";
import { topological } from "../graph/walk.js";
import type { Engine, ProgramSpec } from "./types.js";

/**
 * How the products of rows and weights are computed. `int8`: forward pass and input gradients by 8-bit integers, weight gradients in float32;
 * `int8-gradient`: input gradients alone, so that vectors and loss are those of float32.
 */
export type Precision = "float32" | "int8" | "int8-gradient";

/**
 * An engine whose programs compute in a precision; all else is the given one's. Products over `rows` are meant: see `Int8Options`. A program that
 * trains and has none is refused with `no-int8`.
 */
export function withPrecision(engine: Engine, precision: Precision, rows = "tokens"): Engine {
  if (precision === "float32") return engine;
  let probed: Promise<number> | undefined;
  return {
    ...engine,
    async compile(spec) {
      probed ??= int8Limit(engine);
      const rewritten = int8Spec(spec, { precision, rows, limit: await probed });
      if ((spec.gradients?.size ?? 0) > 0 && int8Weights(rewritten).length === 0) throw noInt8(precision);
      return engine.compile(rewritten);
    },
  };
}

/** There is nothing that 8-bit products could stand for. */
export function noInt8(precision: Precision) {
  return inputError("no-int8", "this model has no products of tokens and weights to compute by 8-bit integers", {
    field: "precision",
    found: precision,
    expected: "float32",
  });
}

/** A program with 8-bit products. */
export function int8Spec(
  { outputs, gradients, ...rest }: ProgramSpec,
  { precision, rows, limit }: { readonly precision: Precision; readonly rows: string; readonly limit: number },
): ProgramSpec {
  const names = Object.keys(outputs);
  const wrt = [...(gradients?.keys() ?? [])];
  const rewritten = withInt8Products([...Object.values(outputs), ...(gradients?.values() ?? [])], {
    forward: precision === "int8",
    inputGradient: true,
    limit,
    rows,
  });
  return {
    ...rest,
    outputs: Object.fromEntries(names.map((name, i) => [name, rewritten[i] as (typeof rewritten)[number]])),
    gradients: new Map(wrt.map((name, i) => [name, rewritten[names.length + i] as (typeof rewritten)[number]])),
  };
}

/** Names of the weights that a program quantises. */
export function int8Weights({ outputs, gradients = new Map() }: ProgramSpec): readonly string[] {
  const nodes = topological([...Object.values(outputs), ...gradients.values()]);
  const weights = nodes.flatMap((node) => (node.op === "int8Linear" ? [node.inputs[1] as Tensor] : []));
  return [...new Set(weights.flatMap((weight) => (isOp(weight, "parameter") ? [weight.attributes.name] : [])))];
}

/**
 * The magnitude to which weights may be quantised: 127 where this processor's 8-bit products are exact, 63 where they saturate, as on x86 before VNNI:
 * there pairs of products are added up in 16 bits, and 2 · 255 · 127 does not fit. Tried with a product of 255s and 127s.
 */
export async function int8Limit(engine: Engine): Promise<127 | 63> {
  const width = 256;
  const product = apply("int8Linear", [input("x", ["rows", width]), parameter("w", [width, width])], {
    alpha: 1,
    beta: 1,
    transposed: false,
    limit: 127,
  });
  const ones = (shape: readonly number[]) => {
    return { dtype: "float32", shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) } as const;
  };
  const program = await engine.compile({ outputs: { product } });
  const weights = await engine.load(new Map([["w", ones([width, width])]]));
  const { product: found } = await engine.run(program, { x: ones([64, width]) }, weights);
  const values = found?.data as Float32Array;
  await engine.release(program);
  await engine.release(weights);
  return values.every((value) => Math.abs(value - width) < 1e-3) ? 127 : 63;
}
