import { createArena } from "./arena.js";
import type { MaskKey } from "./dropout.js";
import type { Block, Host } from "./host.js";
import type { AdamwFactors } from "./reference.js";
import { loadKernels } from "./wasm.js";

/** float32 values in WebAssembly memory. */
export interface WasmBlock extends Block {
  readonly address: number;
}

/** The host of the onnxruntime engine: float32 in one WebAssembly memory, loops in SIMD, and what is computed at the edges of a graph. */
export interface WasmHost extends Host<WasmBlock> {
  values(block: WasmBlock): Float32Array<ArrayBuffer>;
  /** As `allocate`, without the zeros. */
  allocateRaw(length: number): WasmBlock;
  /** Fills a block with `count` keep decisions, a byte each; it must have room for the next multiple of 16. */
  fillMask(mask: WasmBlock, count: number, key: MaskKey, threshold: number): void;
  bytes(block: WasmBlock): Uint8Array<ArrayBuffer>;
  /** Bytes in use. */
  used(): number;
}

type Four = [number, number, number, number];
type List = Int32Array | Float64Array | Uint8Array;

export function createWasmHost(): WasmHost {
  const arena = createArena();
  const kernels = loadKernels(arena.memory);
  const values = ({ address, length }: WasmBlock) => new Float32Array(arena.memory.buffer, address, length);
  const allocateRaw = (length: number): WasmBlock => ({ address: arena.allocate(4 * length), length });

  /** Calls with the addresses of copies of lists; float64 becomes float32. */
  const withLists = (lists: readonly List[], call: (...addresses: number[]) => void): void => {
    const addresses = lists.map((list) => arena.allocate(4 * list.length));
    try {
      for (const [i, list] of lists.entries()) {
        const View = list instanceof Float64Array ? Float32Array : (list.constructor as Uint8ArrayConstructor);
        new View(arena.memory.buffer, addresses[i], list.length).set(list);
      }
      call(...addresses);
    } finally {
      for (const address of addresses) arena.free(address);
    }
  };
  const listOfFactors = (f: AdamwFactors) =>
    [
      f.gradientScale,
      f.keep,
      f.beta1,
      f.oneMinusBeta1,
      f.beta2,
      f.oneMinusBeta2,
      f.stepSize,
      f.inverseRoot,
      f.epsilon,
    ] as const;

  return {
    allocateRaw,
    allocate(length) {
      const block = allocateRaw(length);
      values(block).fill(0);
      return block;
    },
    free: ({ address }) => arena.free(address),
    values,
    bytes: ({ address, length }) => new Uint8Array(arena.memory.buffer, address, 4 * length),
    used: arena.used,
    adamw(parameter, gradient, first, second, { from, count }, factors) {
      const [p, g, m, v] = [parameter, gradient, first, second].map(({ address }) => address + 4 * from) as Four;
      kernels.adamw(p, g, m, v, count, ...listOfFactors(factors));
    },
    adamwTable(parameter, gradient, first, second, { ids, width }, factors) {
      const [p, g, m, v] = [parameter, gradient, first, second].map(({ address }) => address) as Four;
      const rows = parameter.length / width;
      withLists([ids], (list) =>
        kernels.adamwTable(p, g, m, v, list!, ids.length, 0, rows, width, ...listOfFactors(factors)),
      );
    },
    sgd(parameter, gradient, velocity, f) {
      kernels.sgd(
        parameter.address,
        gradient.address,
        velocity?.address ?? 0,
        parameter.length,
        f.gradientScale,
        f.weightDecay,
        f.momentum,
        f.nesterov,
        f.learningRate,
      );
    },
    squaredNorm: (x, { from, count }) => kernels.squaredNorm(x.address + 4 * from, count),
    axpy: (y, x, a) => kernels.axpy(y.address, x.address, y.length, a),
    ema: (target, source, momentum) =>
      kernels.ema(target.address, source.address, target.length, momentum, 1 - momentum),
    squaredNormRows(x, { ids, width }) {
      let sum = 0;
      withLists([ids], (list) => {
        sum = kernels.squaredNormRows(x.address, list!, ids.length, width);
      });
      return sum;
    },
    sparseProduct({ starts, ids, weights }, source, width, target, targets) {
      const lists = targets === undefined ? [] : [targets.ids, targets.fresh];
      withLists([starts, ids, weights, ...lists], (s, i, w, rows = 0, fresh = 0) =>
        kernels.sparseProduct(s!, i!, w!, 0, starts.length - 1, width, source.address, target.address, rows, fresh),
      );
    },
    scatterAddRows: (gradient, ids, width, dy) =>
      withLists([ids], (i) => kernels.scatterAddRows(gradient.address, i!, ids.length, width, dy.address)),
    fillMask: (mask, count, [key0, key1], threshold) => kernels.dropoutMask(mask.address, count, key0, key1, threshold),
  };
}
