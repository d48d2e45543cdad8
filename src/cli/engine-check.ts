import type { Engine } from "../engine/types.js";
import type { Check } from "./doctor-checks.js";

/** Computes one small matrix product on onnxruntime, in the worker thread that training uses, and compares it with the known result. */
export async function engineCheck(threads: number | undefined): Promise<Check> {
  let engine: Engine | undefined;
  try {
    // Loaded here, so that doctor can still speak where the binding cannot be loaded.
    const { createEngine } = await import("../engine/onnxruntime.js");
    engine = await createEngine(threads === undefined ? {} : { threads });
    return await product(engine);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      name: "engine",
      status: "fail",
      detail: `onnxruntime does not run: ${why.split("\n")[0]}; install again with npm install nearmiss --ignore-scripts`,
    };
  } finally {
    await engine?.close();
  }
}

/** [1 2; 3 4] · [1 0; 1 1] = [3 2; 7 4]. */
async function product(engine: Engine): Promise<Check> {
  const { input, parameter } = await import("../graph/index.js");
  const weights = await engine.load(
    new Map([["right", { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 0, 1, 1) }]]),
  );
  const program = await engine.compile({
    outputs: { product: input("left", [2, 2]).matmul(parameter("right", [2, 2])) },
  });
  const left = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
  const { product } = await engine.run(program, { left }, weights);
  const found = [...(product?.data ?? [])].join(" ");
  return found === "3 2 7 4"
    ? { name: "engine", status: "ok", detail: "onnxruntime runs; a matrix product is right" }
    : { name: "engine", status: "fail", detail: `a matrix product is wrong: 3 2 7 4 expected, ${found} found` };
}
