import { type InferenceSession, Tensor } from "onnxruntime-node";
import { type ElementType, encodeModel, type OnnxTensor } from "../graph/onnx/model.js";
import type { Shape } from "../graph/shape.js";
import { openSession } from "./session.js";

/** y = a bᵀ of float32 a [queries, dimension] and b [rows, dimension]. */
export function openFloat32Products(threads: number): Promise<InferenceSession> {
  return openProducts("Gemm", ["float32", "float32", "float32"], ["rows", "dimension"], threads, { transB: 1 });
}

/**
 * y = (a − 128) b of uint8 a [queries, dimension] and int8 b [dimension, rows], in int32. `limit`: the magnitude of b to which products are exact on this
 * processor, 63 where pairs of them are added up in 16 bits.
 */
export async function openInt8Products(
  threads: number,
): Promise<{ readonly session: InferenceSession; readonly limit: 127 | 63 }> {
  const zero = { name: "zero", type: "uint8", shape: [], data: Uint8Array.of(128) } as const;
  const session = await openProducts(
    "MatMulInteger",
    ["uint8", "int8", "int32"],
    ["dimension", "rows"],
    threads,
    {},
    zero,
  );
  const [rows, width] = [64, 256];
  const { y } = await session.run({
    a: new Tensor("uint8", new Uint8Array(rows * width).fill(255), [rows, width]),
    b: new Tensor("int8", new Int8Array(width * width).fill(127), [width, width]),
  });
  const exact = (y!.data as Int32Array).every((value) => value === 127 * 127 * width);
  return { session, limit: exact ? 127 : 63 };
}

function openProducts(
  type: string,
  [a, b, y]: readonly [ElementType, ElementType, ElementType],
  shape: Shape,
  threads: number,
  attributes: Readonly<Record<string, number>>,
  zero?: OnnxTensor & { readonly name: string },
): Promise<InferenceSession> {
  const inputs = ["a", "b", ...(zero === undefined ? [] : [zero.name])];
  const graph = {
    nodes: [{ type, domain: "", name: type, inputs, outputs: ["y"], attributes }] as const,
    initializers: zero === undefined ? [] : [zero],
    inputs: [
      { name: "a", type: a, shape: ["queries", "dimension"] },
      { name: "b", type: b, shape },
    ],
    outputs: [{ name: "y", type: y, shape: ["queries", "rows"] }],
  };
  return openSession(encodeModel(graph), threads);
}
