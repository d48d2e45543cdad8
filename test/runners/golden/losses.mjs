// Losses with their gradients: float64 on the interpreter, float32 on onnxruntime. A case is turned into a batch by what it holds; its
// parameters are the loss's options, and inputs named after a parameter of the loss are that parameter.
import { gradients } from "#nearmiss/autodiff/index.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { input } from "#nearmiss/graph/index.js";
import { losses } from "#nearmiss/losses/catalogue.js";
import { compareArray, firstDifference } from "../compare.mjs";
import { batchOf } from "./losses/batches.mjs";
import { special } from "./losses/special.mjs";

const factories = new Map(losses.map((factory) => [factory.name, factory]));

/** What a missing parameter means in these files, where the option has another default. */
const neutral = { normalize: false, scale: 1, margin: 0, temperature: 1, reduction: "mean", swap: false };

export const handlers = [
  {
    matches: ({ parent, name }) => parent === "losses" && (factories.has(name) || special.has(name)),
    async runCase(one, json, options) {
      const given = tensors(one.inputs);
      const loss = special.get(json.name)?.(one, given.nodes) ?? catalogued(json.name, one, given.nodes);
      if (loss === null) return "skip";
      const names = Object.keys(one.gradients ?? {});
      const found = gradients(
        loss,
        names.map((name) => given.nodes[name]),
      );
      const outputs = { loss };
      names.forEach((name, i) => {
        outputs[`gradient.${name}`] = found[i] ?? given.nodes[name].mul(0);
      });
      return compareLoss(one, names, await evaluateIn(outputs, given.feeds, options), options);
    },
  },
];

function catalogued(name, one, nodes) {
  const factory = factories.get(name);
  const understood = Object.keys(factory.options.shape);
  const missing = Object.entries(neutral).filter(([key]) => understood.includes(key));
  const loss = factory.create({ ...Object.fromEntries(missing), ...one.params });
  const { kind, batch } = batchOf(one, nodes, { kinds: factory.kinds, scope: loss.scope });
  return loss.build[kind](batch, (parameter) => nodes[parameter]).loss;
}

/** Nested numbers as inputs of a graph. */
function tensors(inputs) {
  const nodes = {};
  const feeds = {};
  for (const [name, value] of Object.entries(inputs)) {
    const flat = Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [];
    if (flat.length === 0 || flat.some((x) => typeof x !== "number")) continue;
    const shape = shapeOf(value);
    nodes[name] = input(name, shape);
    feeds[name] = { dtype: "float32", shape, data: Float64Array.from(flat) };
  }
  return { nodes, feeds };
}

const shapeOf = (value) => (Array.isArray(value) ? [value.length, ...(value.length > 0 ? shapeOf(value[0]) : [])] : []);

/** Outputs by name: of the interpreter in float64, or of onnxruntime in float32. */
export function evaluateIn(outputs, feeds, { float32 }) {
  return float32 ? onEngine(outputs, feeds) : evaluate(outputs, feeds, new Map());
}

export function toleranceOf({ float32 }, own) {
  return float32 ? { rtol: own?.rtol ?? 1e-4, atol: 1e-5 } : { rtol: 1e-6, atol: 1e-9 };
}

async function onEngine(outputs, feeds) {
  const { createEngine } = await import("#nearmiss/engine/onnxruntime.js");
  const engine = await createEngine({ threads: 1 });
  try {
    const weights = await engine.load(new Map());
    const program = await engine.compile({ outputs });
    const narrow = Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [name, { ...tensor, data: Float32Array.from(tensor.data) }]),
    );
    return await engine.run(program, narrow, weights);
  } finally {
    await engine.close();
  }
}

function compareLoss(one, names, got, options) {
  const tolerance = toleranceOf(options, one.float32);
  const loss = compareArray(got.loss.data[0], one.loss, tolerance, "loss");
  if (!loss.ok || one.compare?.includes("gradients") === false) return loss;
  return firstDifference(names, (name) => {
    const want = one.gradients[name].flat(Number.POSITIVE_INFINITY);
    return compareArray(got[`gradient.${name}`].data, want, tolerance, `gradients.${name}`);
  });
}
