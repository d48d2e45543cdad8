import { checkIds } from "./bags.js";
import type { RowGradient, Weight } from "./executable.js";
import type { Block, Host } from "./host.js";
import type { ParameterGradient } from "./optimiser.js";

/** A table's gradient: zero except in the rows that are marked. What the block holds in the others is left from earlier steps. */
interface TableGradient<B> {
  readonly block: B;
  readonly rows: number;
  readonly width: number;
  readonly marks: Uint8Array;
  /** The rows that each part marked. */
  touched: Int32Array[];
  /** The sums of squares of the rows of the only part; null once there are others. */
  squares: Float64Array | null;
}

/** The gradients of one step, summed over its micro-batches. */
export interface GradientSum<B> {
  /** Where the next micro-batch puts its dense gradients. */
  targets(): ReadonlyMap<string, B>;
  /** Takes in what the micro-batch left there, and its row gradients. Throws `index` before anything is added. */
  add(rows: readonly RowGradient<B>[]): void;
  result(): ParameterGradient<B>[];
  /** Forgets the tables' gradients. */
  clear(): void;
}

/** Buffers for the gradients of one set of weights: made when first needed, used again at each step. */
export interface GradientBuffers<B> {
  begin(kinds: ReadonlyMap<string, "dense" | "rows">): GradientSum<B>;
  free(): void;
}

export function createGradientBuffers<B extends Block>(
  host: Host<B>,
  weights: ReadonlyMap<string, Weight<B>>,
): GradientBuffers<B> {
  const sums = new Map<string, B>();
  const parts = new Map<string, B>();
  const tables = new Map<string, TableGradient<B>>();

  const weightOf = (name: string): Weight<B> => weights.get(name)!;
  const blockOf = (blocks: Map<string, B>, name: string): B => {
    const block = blocks.get(name) ?? host.allocate(weightOf(name).block.length);
    blocks.set(name, block);
    return block;
  };
  const tableOf = (name: string): TableGradient<B> => {
    const { shape, block: parameter } = weightOf(name);
    const [rows = 0, width = 0] = shape;
    const table = tables.get(name) ?? {
      block: host.allocate(rows * width, parameter),
      rows,
      width,
      marks: new Uint8Array(rows),
      touched: [],
      squares: null,
    };
    tables.set(name, table);
    return table;
  };

  return {
    begin(kinds) {
      const dense = [...kinds].filter(([, kind]) => kind === "dense").map(([name]) => name);
      const byRow = [...kinds].filter(([, kind]) => kind === "rows").map(([name]) => name);
      let taken = 0;
      return {
        targets: () => new Map(dense.map((name) => [name, blockOf(taken === 0 ? sums : parts, name)])),
        add(rows) {
          for (const part of rows) checkRows(part, tableOf(part.parameter));
          if (taken > 0) for (const name of dense) host.axpy(blockOf(sums, name), blockOf(parts, name), 1);
          for (const part of rows) {
            const table = tableOf(part.parameter);
            const { block, width } = table;
            if ("bags" in part) {
              const ids = part.bags.rows;
              const squares = new Float64Array(ids.length);
              const only = table.touched.length === 0;
              host.sparseProduct(part.bags.byRow, part.dy, width, block, { ids, fresh: mark(table, ids), squares });
              table.squares = only ? squares : null;
            } else {
              const fresh = mark(table, part.ids);
              table.squares = null;
              const values = host.values(block);
              part.ids.forEach((row, i) => {
                if (fresh[i] === 1) values.fill(0, row * width, (row + 1) * width);
              });
              host.scatterAddRows(block, part.ids, width, part.dy);
            }
          }
          taken++;
        },
        result: () => [
          ...dense.map((name) => ({ name, parameter: weightOf(name).block, gradient: blockOf(sums, name) })),
          ...byRow.map((name) => {
            const { block, touched, width, squares } = tableOf(name);
            const rows = { ids: ascending(touched), width };
            const parts = { name, parameter: weightOf(name).block, gradient: block, rows };
            return squares === null ? parts : { ...parts, squares };
          }),
        ],
        clear() {
          for (const name of byRow) forget(tableOf(name));
        },
      };
    },
    free() {
      const blocks = [...sums.values(), ...parts.values(), ...[...tables.values()].map(({ block }) => block)];
      for (const block of blocks) host.free(block);
    },
  };
}

/** The sum of squares of one gradient, in float64. */
export function squaredNorm<B extends Block>(host: Host<B>, { gradient, rows, squares }: ParameterGradient<B>): number {
  if (squares !== undefined) return squares.reduce((sum, one) => sum + one, 0);
  return rows === undefined
    ? host.squaredNorm(gradient, { from: 0, count: gradient.length })
    : host.squaredNormRows(gradient, rows);
}

/** Marks rows; for each, whether it was not marked before. */
function mark<B>(table: TableGradient<B>, ids: Int32Array): Uint8Array {
  const fresh = new Uint8Array(ids.length);
  const marked = new Int32Array(ids.length);
  let count = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (table.marks[id] === 1) continue;
    table.marks[id] = 1;
    fresh[i] = 1;
    marked[count++] = id;
  }
  table.touched.push(marked.subarray(0, count));
  return fresh;
}

function forget<B>(table: TableGradient<B>): void {
  for (const marked of table.touched) for (let i = 0; i < marked.length; i++) table.marks[marked[i]!] = 0;
  table.touched = [];
  table.squares = null;
}

/** All rows of some lists, ascending. The rows of bags are already. */
function ascending(lists: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  for (let i = 1; i < all.length; i++) if (all[i]! < all[i - 1]!) return all.sort();
  return all;
}

function checkRows<B>(part: RowGradient<B>, { rows }: TableGradient<B>): void {
  if ("ids" in part) checkIds(part.parameter, part.ids, rows);
}
