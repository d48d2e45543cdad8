import { readFileSync } from "node:fs";

/** The exports of kernels/*.ts. Addresses are bytes in the given memory, counts are float32 values. */
export interface WasmKernels {
  adamw(
    parameter: number,
    gradient: number,
    first: number,
    second: number,
    count: number,
    gradientScale: number,
    keep: number,
    beta1: number,
    oneMinusBeta1: number,
    beta2: number,
    oneMinusBeta2: number,
    stepSize: number,
    inverseRoot: number,
    epsilon: number,
  ): void;
  adamwTable(
    parameter: number,
    gradient: number,
    first: number,
    second: number,
    ids: number,
    idCount: number,
    from: number,
    to: number,
    width: number,
    gradientScale: number,
    keep: number,
    beta1: number,
    oneMinusBeta1: number,
    beta2: number,
    oneMinusBeta2: number,
    stepSize: number,
    inverseRoot: number,
    epsilon: number,
  ): void;
  sgd(
    parameter: number,
    gradient: number,
    velocity: number,
    count: number,
    gradientScale: number,
    weightDecay: number,
    momentum: number,
    nesterov: boolean,
    learningRate: number,
  ): void;
  squaredNorm(x: number, count: number): number;
  squaredNormRows(x: number, ids: number, from: number, to: number, width: number, squares: number): void;
  axpy(y: number, x: number, count: number, a: number): void;
  ema(target: number, source: number, count: number, momentum: number, rest: number): void;
  dropoutMask(mask: number, count: number, key0: number, key1: number, threshold: number): void;
  sparseProduct(
    starts: number,
    ids: number,
    weights: number,
    from: number,
    to: number,
    width: number,
    source: number,
    target: number,
    rows: number,
    fresh: number,
    squares: number,
  ): void;
  collapseBags(
    ids: number,
    offsets: number,
    bags: number,
    entry: number,
    named: number,
    starts: number,
    columns: number,
    weights: number,
  ): number;
  turnBags(
    starts: number,
    columns: number,
    weights: number,
    bags: number,
    named: number,
    tableRows: number,
    next: number,
    rows: number,
    rowStarts: number,
    bagOf: number,
    shares: number,
  ): number;
  scatterAddRows(gradient: number, ids: number, count: number, width: number, dy: number): void;
}

/** The exports of kernels/nearest.ts; `search` is where a SearchState lies. */
export interface NearestKernels {
  scan(products: number, columns: number, first: number, search: number): number;
  scanInt8(products: number, scales: number, columns: number, first: number, search: number): number;
  tell(search: number, told: number): void;
  forget(search: number): number;
  settle(address: number, first: number, last: number, search: number): void;
  order(search: number): void;
  dot(a: number, b: number, count: number): number;
}

/** The compiled kernels over a memory. Those over a shared one are compiled apart: a module says which it takes. */
export function loadKernels(memory: WebAssembly.Memory): WasmKernels {
  const files = ["adamw", "sgd", "arithmetic", "dropout", "rows", "bags"];
  return Object.assign({}, ...files.map((file) => exportsOf(file, memory))) as WasmKernels;
}

export function loadNearestKernels(memory: WebAssembly.Memory): NearestKernels {
  return exportsOf("nearest", memory) as unknown as NearestKernels;
}

function exportsOf(file: string, memory: WebAssembly.Memory): Record<string, unknown> {
  const ending = memory.buffer instanceof SharedArrayBuffer ? ".shared.wasm" : ".wasm";
  const module = new WebAssembly.Module(readFileSync(new URL(`./kernels/${file}${ending}`, import.meta.url)));
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}
