import { createArena } from "./arena.js";
import type { MaskKey } from "./dropout.js";
import type { Block, Host } from "./host.js";
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
  bagMean(table: WasmBlock, ids: Int32Array, offsets: Int32Array, width: number, out: WasmBlock): void;
  /** Fills a block with `count` keep decisions, a byte each; it must have room for the next multiple of 16. */
  fillMask(mask: WasmBlock, count: number, key: MaskKey, threshold: number): void;
  bytes(block: WasmBlock): Uint8Array<ArrayBuffer>;
  /** Bytes in use. */
  used(): number;
}

export function createWasmHost(): WasmHost {
  const arena = createArena();
  const kernels = loadKernels(arena.memory);
  const values = ({ address, length }: WasmBlock) => new Float32Array(arena.memory.buffer, address, length);
  const allocateRaw = (length: number): WasmBlock => ({ address: arena.allocate(4 * length), length });

  /** Calls with the addresses of copies of int32 lists. */
  const withLists = (lists: readonly Int32Array[], call: (...addresses: number[]) => void): void => {
    const addresses = lists.map((list) => arena.allocate(4 * list.length));
    try {
      for (const [i, list] of lists.entries()) {
        new Int32Array(arena.memory.buffer, addresses[i], list.length).set(list);
      }
      call(...addresses);
    } finally {
      for (const address of addresses) arena.free(address);
    }
  };

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
    adamw(parameter, gradient, first, second, { from, count }, f) {
      const [p, g, m, v] = [parameter, gradient, first, second].map(({ address }) => address + 4 * from) as [
        number,
        number,
        number,
        number,
      ];
      kernels.adamw(
        p,
        g,
        m,
        v,
        count,
        f.gradientScale,
        f.keep,
        f.beta1,
        f.oneMinusBeta1,
        f.beta2,
        f.oneMinusBeta2,
        f.stepSize,
        f.inverseRoot,
        f.epsilon,
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
    bagMean: (table, ids, offsets, width, out) =>
      withLists([ids, offsets], (i, o) =>
        kernels.bagMean(table.address, i!, o!, offsets.length - 1, width, out.address),
      ),
    bagGradient: (gradient, ids, offsets, width, dy) =>
      withLists([ids, offsets], (i, o) =>
        kernels.bagGradient(gradient.address, i!, o!, offsets.length - 1, width, dy.address),
      ),
    scatterAddRows: (gradient, ids, width, dy) =>
      withLists([ids], (i) => kernels.scatterAddRows(gradient.address, i!, ids.length, width, dy.address)),
    fillMask: (mask, count, [key0, key1], threshold) => kernels.dropoutMask(mask.address, count, key0, key1, threshold),
  };
}
