import type { BagMatrix } from "./bags.js";
import type { Block } from "./host.js";
import type { Feeds, HostTensor } from "./types.js";

/** A tensor of a named set. */
export interface Weight<B> {
  readonly shape: readonly number[];
  readonly block: B;
}

/** Part of a table's gradient: dy [count, width] belongs to the rows `ids`, or dy[b] to the mean of bag b. */
export type RowGradient<B> = { readonly parameter: string; readonly dy: B } & (
  | { readonly ids: Int32Array }
  | { readonly bags: BagMatrix }
);

export interface RunRequest<B> {
  readonly feeds: Feeds;
  readonly weights: ReadonlyMap<string, Weight<B>>;
  readonly dropout?: { readonly seed: number; readonly step: number; readonly microBatch: number };
  /** Where the dense gradients go, by parameter. Absent: the gradients are not wanted. */
  readonly gradients?: ReadonlyMap<string, B>;
}

export interface RunResults<B> {
  readonly outputs: Readonly<Record<string, HostTensor>>;
  readonly rows: readonly RowGradient<B>[];
  /** Gives back what `rows` lies in. */
  release(): void;
}

/** A compiled graph that runs over the blocks of a host. */
export interface Executable<B extends Block> {
  readonly inputs: readonly string[];
  readonly parameters: readonly string[];
  readonly outputs: readonly string[];
  /** Parameters that get a gradient: whole, or by row. */
  readonly gradients: ReadonlyMap<string, "dense" | "rows">;
  run(request: RunRequest<B>): Promise<RunResults<B>>;
  release(): Promise<void>;
}
