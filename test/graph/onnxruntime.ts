import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import type { HostTensor } from "#nearmiss/graph/host.js";
import { writeOnnx } from "#nearmiss/graph/onnx/write.js";
import type { Tensor } from "#nearmiss/graph/tensor.js";
import type { Example } from "./values.js";

/** Compiles expressions once and runs them on examples; the engine's part (embedding bags) is played by the interpreter. */
export async function compile(outputs: Readonly<Record<string, Tensor>>, threads = 1) {
  const { model, inputs } = writeOnnx(outputs);
  const session = await InferenceSession.create(model, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  return async ({ feeds, parameters }: Pick<Example, "feeds" | "parameters">) => {
    const given: Record<string, OrtTensor> = {};
    for (const { name, node } of inputs) {
      const value =
        node.op === "embeddingBag"
          ? evaluate({ bag: node }, feeds, parameters)["bag"]
          : node.op === "parameter"
            ? parameters.get(name)
            : feeds[name];
      given[name] = ort(value!);
    }
    const results = await session.run(given);
    return Object.fromEntries(
      Object.entries(results).map(([name, { type, dims, data }]) => {
        return [name, { dtype: type as HostTensor["dtype"], shape: dims, data: data as HostTensor["data"] }];
      }),
    );
  };
}

function ort({ dtype, shape, data }: HostTensor): OrtTensor {
  return new OrtTensor(dtype, dtype === "float32" ? Float32Array.from(data) : (data as Int32Array), [...shape]);
}
