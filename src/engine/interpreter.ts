import type { Bindings } from "../graph/dim.js";
import type { Tensor } from "../graph/tensor.js";
import { bagMatrix, checkBags } from "./bags.js";
import { dropoutMask, maskKey, maskThreshold } from "./dropout.js";
import { missingDropout } from "./errors.js";
import type { Executable, RowGradient, RunRequest } from "./executable.js";
import { product } from "./host.js";
import { createReferenceHost } from "./host-reference.js";
import { evaluate, maskName } from "./interpreter/evaluate.js";
import { createLocalEngine } from "./local.js";
import { createPlainSearcher } from "./nearest.js";
import type { FloatArray } from "./reference.js";
import { bindRun, concreteShape, type SplitProgram, splitProgram } from "./split.js";
import type { Engine, Feeds, HostTensor, ProgramSpec } from "./types.js";

/** The float64 reference engine: plain TypeScript in the calling thread, one obvious function an operation. For tests; slow. */
export function createInterpreterEngine(): Engine {
  return { kind: "interpreter", ...createLocalEngine(createReferenceHost(), compile, createPlainSearcher()) };
}

async function compile(spec: ProgramSpec): Promise<Executable<FloatArray>> {
  const split = splitProgram(spec);
  const names = Object.keys(spec.outputs);
  return {
    inputs: split.inputs.map(({ name }) => name),
    parameters: split.parameters.map(({ name }) => name),
    outputs: names,
    gradients: split.gradients,
    async run(request) {
      const bindings = bindRun(split, request.feeds, request.weights);
      const feeds = { ...request.feeds, ...masksOf(split, bindings, request) };
      const parameters = new Map(
        [...request.weights].map(([name, { shape, block }]) => [
          name,
          { dtype: "float32", shape, data: block } as const,
        ]),
      );
      const wanted = request.gradients === undefined ? [] : [...request.gradients.keys()];
      const rows = request.gradients === undefined ? [] : split.rows;
      const tensors: [string, Tensor][] = [
        ...names.map((name): [string, Tensor] => [`output ${name}`, spec.outputs[name]!]),
        ...wanted.map((name): [string, Tensor] => [`gradient ${name}`, split.dense.get(name)!]),
        ...rows.flatMap(({ ids, offsets, dy }, i): [string, Tensor][] => [
          [`ids ${i}`, ids],
          [`dy ${i}`, dy],
          ...(offsets === undefined ? [] : [[`offsets ${i}`, offsets] as [string, Tensor]]),
        ]),
      ];
      const results = evaluate(Object.fromEntries(tensors), feeds, parameters);
      for (const [name, target] of request.gradients ?? []) target.set(results[`gradient ${name}`]!.data);
      return {
        outputs: Object.fromEntries(names.map((name) => [name, copy(results[`output ${name}`]!)])),
        rows: rows.map(({ parameter, offsets }, i): RowGradient<FloatArray> => {
          const part = { parameter, dy: results[`dy ${i}`]!.data as FloatArray };
          const ids = results[`ids ${i}`]!.data as Int32Array;
          if (offsets === undefined) return { ...part, ids };
          const [tableRows = 0] = request.weights.get(parameter)?.shape ?? [];
          const bounds = results[`offsets ${i}`]!.data as Int32Array;
          checkBags(parameter, ids, bounds, tableRows);
          return { ...part, bags: bagMatrix(ids, bounds, tableRows) };
        }),
        release: () => undefined,
      };
    },
    release: async () => undefined,
  };
}

/** An output may be an input or a weight itself: its values must not change later. */
function copy(tensor: HostTensor): HostTensor {
  return { ...tensor, data: tensor.data.slice() };
}

function masksOf({ masks }: SplitProgram, bindings: Bindings, { dropout }: RunRequest<FloatArray>): Feeds {
  if (masks.length > 0 && dropout === undefined) throw missingDropout(masks[0]!.path);
  return Object.fromEntries(
    masks.map(({ path, rate, shape }): [string, HostTensor] => {
      const concrete = concreteShape(shape, bindings);
      const key = maskKey({ ...dropout!, path });
      const data = dropoutMask(product(concrete), key, maskThreshold(rate));
      return [maskName(path), { dtype: "bool", shape: concrete, data }];
    }),
  );
}
