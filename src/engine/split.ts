import { inputError } from "../base/errors.js";
import { bindSymbols } from "../graph/bind.js";
import { type Bindings, evaluateDim } from "../graph/dim.js";
import { formatShape, sameShape } from "../graph/shape.js";
import { type DType, isOp, type Shape, type Tensor } from "../graph/tensor.js";
import { topological } from "../graph/walk.js";
import type { Weight } from "./executable.js";
import type { Feeds, ProgramSpec } from "./types.js";

/** An input or a parameter as it is declared. */
export interface Declared {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface DeclaredMask {
  readonly path: string;
  readonly rate: number;
  readonly shape: Shape;
}

/** One term of a table's gradient, as expressions: see `RowGradient`. */
export interface RowTerm {
  readonly parameter: string;
  readonly ids: Tensor;
  readonly offsets?: Tensor;
  readonly dy: Tensor;
}

/** What an engine must give to a program, and what it takes from it besides the outputs. */
export interface SplitProgram {
  readonly inputs: readonly Declared[];
  readonly parameters: readonly Declared[];
  readonly masks: readonly DeclaredMask[];
  readonly dense: ReadonlyMap<string, Tensor>;
  readonly rows: readonly RowTerm[];
  readonly gradients: ReadonlyMap<string, "dense" | "rows">;
}

/** Takes a program apart at the edges of its graph. Throws `shape` where two leaves of one name differ, or a gradient by row is mixed with another. */
export function splitProgram({ outputs, gradients = new Map() }: ProgramSpec): SplitProgram {
  const terms = new Map([...gradients].map(([name, gradient]) => [name, rowTerms(name, gradient)]));
  const nodes = topological([...Object.values(outputs), ...gradients.values()]);
  const inputs = new Map<string, Declared>();
  const parameters = new Map<string, Declared>();
  const masks = new Map<string, DeclaredMask>();
  for (const node of nodes) {
    const { dtype, shape } = node;
    if (isOp(node, "input")) declare(inputs, node.attributes.name, { name: node.attributes.name, dtype, shape });
    if (isOp(node, "parameter"))
      declare(parameters, node.attributes.name, { name: node.attributes.name, dtype, shape });
    if (isOp(node, "dropoutMask")) {
      const { path, rate } = node.attributes;
      declare(masks, path, { path, rate, shape });
    }
  }
  for (const [name, { shape }] of gradients) checkGradient(shape, parameters.get(name), name);
  return {
    inputs: [...inputs.values()],
    parameters: [...parameters.values()],
    masks: [...masks.values()],
    dense: new Map([...gradients].filter(([name]) => terms.get(name)?.length === 0)),
    rows: [...terms.values()].flat(),
    gradients: new Map([...terms].map(([name, found]) => [name, found.length === 0 ? "dense" : "rows"])),
  };
}

/** The values of the symbols, from what a run was given. Throws `shape` on any contradiction. */
export function bindRun<B>(
  { inputs, parameters }: Pick<SplitProgram, "inputs" | "parameters">,
  feeds: Feeds,
  weights: ReadonlyMap<string, Weight<B>>,
): Bindings {
  return bindSymbols([
    ...inputs.map(({ name, dtype, shape }) => {
      const feed = feeds[name];
      if (feed?.dtype !== dtype) {
        const found = String(feed?.dtype);
        throw inputError("shape", "an input has another dtype", { field: name, found, expected: dtype });
      }
      return { name: `input ${name}`, declared: shape, found: feed.shape };
    }),
    ...parameters.map(({ name, shape }) => {
      return { name: `parameter ${name}`, declared: shape, found: weights.get(name)?.shape ?? [] };
    }),
  ]);
}

export function concreteShape(shape: Shape, bindings: Bindings): readonly number[] {
  return shape.map((length) => evaluateDim(length, bindings));
}

function declare<T extends object>(known: Map<string, T>, name: string, one: T): void {
  const other = known.get(name);
  if (other !== undefined && JSON.stringify(other) !== JSON.stringify(one)) {
    throw inputError("shape", "two leaves of a program have one name and differ", {
      field: name,
      found: `${JSON.stringify(other)} and ${JSON.stringify(one)}`,
    });
  }
  known.set(name, one);
}

function checkGradient(shape: Shape, parameter: Declared | undefined, name: string): void {
  if (parameter !== undefined && sameShape(shape, parameter.shape)) return;
  throw inputError("shape", "a gradient has not the shape of a parameter of its program", {
    field: name,
    found: formatShape(shape),
    expected: parameter === undefined ? "a parameter of that name" : formatShape(parameter.shape),
  });
}

/** The terms of a gradient by row; none for a dense one. */
function rowTerms(parameter: string, gradient: Tensor): readonly RowTerm[] {
  const leaves: Tensor[] = [];
  const stack = [gradient];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.op === "add") stack.push(...node.inputs.toReversed());
    else leaves.push(node);
  }
  const terms = leaves.flatMap((leaf): RowTerm[] => {
    const [a, b, c] = leaf.inputs;
    if (leaf.op === "scatterAddRows") return [{ parameter, ids: a!, dy: b! }];
    return leaf.op === "embeddingBagGradient" ? [{ parameter, ids: a!, offsets: b!, dy: c! }] : [];
  });
  if (terms.length > 0 && terms.length < leaves.length) {
    throw inputError("shape", "a table is used by row and otherwise: its gradient cannot be kept by row", {
      field: parameter,
    });
  }
  return terms;
}
