import { InferenceSession, Tensor } from "onnxruntime-node";
import { workError } from "../base/errors.js";
import type { Bindings } from "../graph/dim.js";
import type { DType, Shape } from "../graph/tensor.js";
import { type BagMatrix, checkBags } from "./bags.js";
import { maskKey, maskThreshold } from "./dropout.js";
import { missingDropout } from "./errors.js";
import type { Executable, RowGradient, RunRequest, RunResults } from "./executable.js";
import { product } from "./host.js";
import type { WasmBlock, WasmHost } from "./host-wasm.js";
import { sharingShows } from "./sharing.js";
import type { IdsSource, OnnxSource } from "./source.js";
import { bindRun, concreteShape } from "./split.js";
import type { HostTensor } from "./types.js";

type View = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** A tensor that onnxruntime reads or fills in place. */
interface Placed {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly block: WasmBlock;
}

/**
 * An onnxruntime session whose weights, gradients and outputs lie in the host's memory: nothing is copied on the way in, and
 * onnxruntime writes into blocks that are used again at the next run. Runs whose last bits would depend on the number of threads, small
 * ones nearly always, take one thread: results are the same for any number.
 */
export async function createSession(
  source: OnnxSource,
  host: WasmHost,
  threads: number,
): Promise<Executable<WasmBlock>> {
  const shared = await openSession(source.model, threads);
  let alone: Promise<InferenceSession> | undefined;
  return {
    inputs: source.inputs.map(({ name }) => name),
    parameters: source.parameters.map(({ name }) => name),
    outputs: source.outputs.map(({ name }) => name),
    gradients: source.gradients,
    async run(request) {
      const bindings = bindRun(source, request.feeds, request.weights);
      if (threads === 1 || !sharingShows(source.products, bindings, threads))
        return runSession(shared, source, host, request, bindings);
      alone ??= openSession(source.model, 1);
      return runSession(await alone, source, host, request, bindings);
    },
    async release() {
      await shared.release();
      await (await alone)?.release();
    },
  };
}

export function openSession(model: Uint8Array, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // "extended" turns a gather of a range into a slice and drops the range even where it is an output of the graph, which
    // then keeps whatever was in its buffer (1.30). The levels are equally fast: what they would fuse is written fused.
    graphOptimizationLevel: "basic",
    // Patterns are kept per input shape: with shapes that vary they only cost memory.
    enableMemPattern: false,
    logSeverityLevel: 3,
    // Between runs the cores are for what is computed beside the graph.
    extra: { session: { force_spinning_stop: "1" } },
  });
}

async function runSession(
  session: InferenceSession,
  source: OnnxSource,
  host: WasmHost,
  request: RunRequest<WasmBlock>,
  bindings: Bindings,
): Promise<RunResults<WasmBlock>> {
  const { feeds, weights, gradients } = request;
  const blocks: WasmBlock[] = [];
  const place = (dtype: DType, declared: Shape): Placed => {
    const shape = concreteShape(declared, bindings);
    const bytes = product(shape) * (dtype === "bool" ? 1 : 4);
    // Whole vectors of 16 bytes, for the mask kernel.
    const block = host.allocateRaw(4 * Math.ceil(bytes / 16));
    blocks.push(block);
    return { dtype, shape, block };
  };
  const release = (): void => {
    for (const block of blocks.splice(0)) host.free(block);
  };
  try {
    const given = new Map<string, Placed>();
    const fetched = new Map<string, Placed>();
    const read = (graphName: string): HostTensor => {
      const placed = fetched.get(graphName)!;
      return { dtype: placed.dtype, shape: placed.shape, data: viewOf(host, placed).slice() };
    };
    const idsOf = ({ name, isInput }: IdsSource): Int32Array =>
      (isInput ? feeds[name]! : read(name)).data as Int32Array;
    for (const mask of source.masks)
      given.set(mask.graphName, fillMask(host, mask, place("bool", mask.shape), request));
    const matrices = new Map<string, BagMatrix>();
    /** The matrix of a table's bags: the same for their means and for their gradients. */
    const bagsOf = (table: string, ids: IdsSource, offsets: IdsSource): BagMatrix => {
      const key = `${table} ${ids.name} ${offsets.name}`;
      const [rows = 0] = shapeOf(weights, table);
      const known = matrices.get(key);
      if (known !== undefined) return known;
      const [members, bounds] = [idsOf(ids), idsOf(offsets)];
      checkBags(table, members, bounds, rows);
      const matrix = host.bagMatrix(members, bounds, rows);
      matrices.set(key, matrix);
      return matrix;
    };
    for (const { graphName, shape, table, ids, offsets } of source.bags) {
      const placed = place("float32", shape);
      const { byBag } = bagsOf(table, { name: ids, isInput: true }, { name: offsets, isInput: true });
      const { block } = weights.get(table)!;
      host.sparseProduct(byBag, block, shapeOf(weights, table)[1] ?? 0, placed.block);
      given.set(graphName, placed);
    }
    for (const { graphName, dtype, shape } of source.outputs) fetched.set(graphName, place(dtype, shape));
    if (gradients !== undefined) {
      for (const { parameter, graphName } of source.dense) {
        fetched.set(graphName, {
          dtype: "float32",
          shape: shapeOf(weights, parameter),
          block: gradients.get(parameter)!,
        });
      }
      for (const { graphName, dtype, shape } of source.rowPieces) fetched.set(graphName, place(dtype, shape));
    }

    // Views last: what is allocated after them would make them stale.
    for (const { name } of source.graphParameters) host.unshared(weights.get(name)!.block);
    for (const { block } of fetched.values()) host.unshared(block);
    const inputs = new Map<string, Tensor>();
    for (const { graphName, name } of source.graphInputs) inputs.set(graphName, tensorOf(feeds[name]!));
    for (const { graphName, name } of source.graphParameters) {
      const { shape, block } = weights.get(name)!;
      inputs.set(graphName, tensorOf({ dtype: "float32", shape, data: host.unshared(block) }));
    }
    for (const [name, placed] of given) inputs.set(name, tensorOf({ ...placed, data: viewOf(host, placed) }));
    const targets = new Map([...fetched].map(([name, one]) => [name, tensorOf({ ...one, data: viewOf(host, one) })]));
    await session.run(Object.fromEntries(inputs), Object.fromEntries(targets));

    return {
      outputs: Object.fromEntries(source.outputs.map(({ name, graphName }) => [name, read(graphName)])),
      rows:
        gradients === undefined
          ? []
          : source.rows.map(({ parameter, ids, offsets, dy }): RowGradient<WasmBlock> => {
              const part = { parameter, dy: fetched.get(dy)!.block };
              return offsets === undefined
                ? { ...part, ids: idsOf(ids) }
                : { ...part, bags: bagsOf(parameter, ids, offsets) };
            }),
      release,
    };
  } catch (error) {
    release();
    throw error instanceof Error && error.name !== "NearmissError" && !(error instanceof RangeError)
      ? workError("onnxruntime", error.message)
      : error;
  }
}

function fillMask(
  host: WasmHost,
  { path, rate }: OnnxSource["masks"][number],
  placed: Placed,
  { dropout }: RunRequest<WasmBlock>,
): Placed {
  if (dropout === undefined) throw missingDropout(path);
  host.fillMask(placed.block, product(placed.shape), maskKey({ ...dropout, path }), maskThreshold(rate));
  return placed;
}

function shapeOf(weights: RunRequest<WasmBlock>["weights"], name: string): readonly number[] {
  return weights.get(name)?.shape ?? [];
}

function viewOf(host: WasmHost, { dtype, shape, block }: Placed): View {
  const count = product(shape);
  if (dtype === "bool") return host.bytes(block).subarray(0, count);
  if (dtype === "float32") return host.unshared(block).subarray(0, count);
  const { buffer, byteOffset } = host.bytes(block);
  return new Int32Array(buffer, byteOffset, count);
}

function tensorOf({ dtype, shape, data }: HostTensor): Tensor {
  return new Tensor(dtype, data as never, shape);
}
