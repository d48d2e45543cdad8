import { inputError } from "../base/errors.js";
import { readSafetensors, writeSafetensors } from "../base/safetensors.js";
import type { Executable } from "./executable.js";
import { type Block, type Host, product } from "./host.js";
import type { Searcher } from "./nearest.js";
import { createOptimiserState, type OptimiserState } from "./optimiser.js";
import { createQueue } from "./queue.js";
import { checkFits, trainStep } from "./step.js";
import type { Engine, HostTensor, Program, Weights } from "./types.js";
import {
  checkShape,
  createWeightSet,
  freeWeightSet,
  liveTensors,
  readFloats,
  type WeightSet,
  weightOf,
} from "./weights.js";

/** An engine in the calling thread. `S` is what it compiles: an expression, or what another thread made of one. */
export type LocalEngine<S> = Omit<Engine, "kind" | "compile"> & { compile(source: S): Promise<Program> };

interface HeldOptimiser<B> {
  readonly weights: number;
  readonly state: OptimiserState<B>;
}

/** Everything of an engine that does not depend on how a graph is run: named sets, steps, files. Calls are served one after another. */
export function createLocalEngine<B extends Block, S, H>(
  host: Host<B>,
  compile: (source: S) => Promise<Executable<B>>,
  searcher: Searcher<H>,
): LocalEngine<S> {
  const programs = new Map<number, Executable<B>>();
  const sets = new Map<number, WeightSet<B>>();
  const optimisers = new Map<number, HeldOptimiser<B>>();
  const vectors = new Map<number, H>();
  const serial = createQueue();
  let handles = 0;

  const hold = <T>(held: Map<number, T>, one: T): number => {
    held.set(++handles, one);
    return handles;
  };
  const load = (tensors: ReadonlyMap<string, HostTensor>): Weights => {
    const set = createWeightSet(host, tensors);
    return { id: hold(sets, set), shapes: shapesOf(set) };
  };

  return {
    load: (tensors) => serial(async () => load(tensors)),
    loadFile: (path) => serial(async () => load(readFloats(path))),
    compile: (source) =>
      serial(async () => {
        const executable = await compile(source);
        const { inputs, parameters, outputs } = executable;
        return { id: hold(programs, executable), inputs, parameters, outputs };
      }),
    run: (program, feeds, weights, dropout) =>
      serial(async () => {
        const executable = get(programs, program);
        const set = get(sets, weights);
        checkFits(executable, set, feeds);
        const key = dropout === undefined ? {} : { dropout: { microBatch: 0, ...dropout } };
        const results = await executable.run({ feeds, weights: set.tensors, ...key });
        results.release();
        return results.outputs;
      }),
    hold: (tensor, precision = "float32") =>
      serial(async () => {
        const held = await searcher.hold(tensor, precision);
        return { id: hold(vectors, held), rows: tensor.shape[0] ?? 0 };
      }),
    nearest: (question, among) =>
      serial(async () =>
        searcher.nearest(
          question,
          among.map((one) => get(vectors, one)),
        ),
      ),
    optimiser: (weights, options) =>
      serial(async () => {
        const state = createOptimiserState(host, shapesOf(get(sets, weights)), options);
        return { id: hold(optimisers, { weights: weights.id, state }) };
      }),
    step: (request) =>
      serial(async () => {
        const { weights, state } = get(optimisers, request.optimiser);
        const set = get(sets, request.weights);
        if (weights !== request.weights.id) {
          throw inputError("bad-optimiser", "the optimiser belongs to another set of weights");
        }
        return trainStep(host, get(programs, request.program), set, state, request);
      }),
    read: (weights, names) =>
      serial(async () => {
        const set = get(sets, weights);
        return new Map(
          [...(names ?? set.tensors.keys())].map((name): [string, HostTensor] => {
            const { shape, block } = weightOf(set, name);
            return [name, { dtype: "float32", shape, data: host.values(block).slice() }];
          }),
        );
      }),
    write: (weights, tensors) =>
      serial(async () => {
        const set = get(sets, weights);
        for (const [name, tensor] of tensors) {
          checkShape(name, tensor, weightOf(set, name));
          if (tensor.data.length !== product(tensor.shape))
            throw new RangeError(`${name}: its values do not fill its shape`);
        }
        for (const [name, { data }] of tensors) host.values(weightOf(set, name).block).set(data);
      }),
    ema: (target, source, momentum) =>
      serial(async () => {
        const from = get(sets, source);
        const { tensors } = get(sets, target);
        for (const [name, weight] of tensors) checkShape(name, weightOf(from, name), weight);
        for (const [name, { block }] of tensors) host.ema(block, weightOf(from, name).block, momentum);
      }),
    saveWeights: (weights, path, metadata) =>
      serial(async () => writeSafetensors(path, liveTensors(host, get(sets, weights)), metadata)),
    saveOptimiser: (optimiser, path) =>
      serial(async () => writeSafetensors(path, get(optimisers, optimiser).state.tensors())),
    loadOptimiser: (optimiser, path) =>
      serial(async () => get(optimisers, optimiser).state.restore(readSafetensors(path))),
    release: ({ id }) =>
      serial(async () => {
        await programs.get(id)?.release();
        optimisers.get(id)?.state.free();
        const set = sets.get(id);
        if (set !== undefined) freeWeightSet(host, set);
        const rows = vectors.get(id);
        if (rows !== undefined) searcher.free(rows);
        for (const held of [programs, optimisers, sets, vectors]) held.delete(id);
      }),
    close: () =>
      serial(async () => {
        for (const executable of programs.values()) await executable.release();
        programs.clear();
        await searcher.close();
      }),
  };
}

function get<T>(held: ReadonlyMap<number, T>, handle: { readonly id: number }): T {
  const found = held.get(handle.id);
  if (found !== undefined) return found;
  throw inputError("released", "this handle was released, or is of another engine", { found: `handle ${handle.id}` });
}

function shapesOf<B>({ tensors }: WeightSet<B>): ReadonlyMap<string, readonly number[]> {
  return new Map([...tensors].map(([name, { shape }]) => [name, shape]));
}
