// A loss in the smallest scene that shows it: an anchor at angle 0, a positive at −φ, a negative at ψ, all on the unit circle. One of the two
// moves, and the loss and its pull are taken from the very expressions that training uses. Runs in Node and in a browser.
import { gradients } from "#nearmiss/autodiff/index.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { concat, constant, input, l2Normalize, matmul, transpose } from "#nearmiss/graph/index.js";

/** Euclidean distances between the anchor and what moves: 0.01 … 1.98 of the circle's 2. */
export const distances = Array.from({ length: 80 }, (_, i) => 0.02 + (i * 1.96) / 79);

const names = ["anchor", "positive", "negative"];

/** Losses that a scene of three points cannot show: they need a queue with something to mix, the tokens of a text, or a cross-encoder. */
const elsewhere = new Set(["mochi", "tsdae", "mlm", "cross-entropy", "mean-squared-error"]);

/** Whether the scene shows a loss. */
export const isShown = (factory) => !elsewhere.has(factory.name);

/** Options that have no default, for two dimensions. */
const required = new Map([["matryoshka-mnrl", { dims: [2, 1] }]]);

/** Whether an option has no default. */
export const isRequired = (factory, name) => required.get(factory.name)?.[name] !== undefined;

/** A loss of the scene, with its options as they are by default but for those given. */
export const lossOf = (factory, options = {}) => factory.create({ ...required.get(factory.name), ...options });

/** Names of options that are numbers, each with a range for a slider, and of those that are choices. */
export function controls(factory) {
  const defaults = lossOf(factory).options;
  const sliders = [];
  const choices = [];
  for (const [name, schema] of Object.entries(factory.options.shape)) {
    const value = defaults[name];
    const options = schema.unwrap?.().options ?? schema.options;
    if (typeof value === "number") sliders.push({ name, value, ...range(value) });
    else if (typeof value === "boolean") choices.push({ name, value, options: [false, true] });
    else if (Array.isArray(options) && typeof value === "string") choices.push({ name, value, options });
  }
  return { sliders, choices };
}

function range(value) {
  if (value === 0) return { min: 0, max: 1, log: false };
  if (value > 0 && value <= 0.3) return { min: value / 10, max: 1, log: true };
  if (value > 0) return { min: value / 10, max: value * 5, log: true };
  return { min: value * 3, max: -value, log: false };
}

/** The kind of batch that a loss is shown with. */
export function sceneOf(factory) {
  return ["labelled", "pairs", "scored", "logits", "vectors"].find((kind) => factory.kinds.includes(kind));
}

/**
 * Loss and force at every distance of what moves. The force is −dL/dd: above 0 the loss pushes the two apart, below 0 it pulls them
 * together. `moving` is "positive" or "negative"; `fixed` is the distance of the other one.
 */
export function curves(factory, options, moving, fixed) {
  const loss = lossOf(factory, options);
  const kind = sceneOf(factory);
  const points = Object.fromEntries(names.map((name) => [name, input(name, [1, 2])]));
  const centres = loss.parameters({ dimension: 2, classes: 2 }).some((one) => one.shape.at(-1) === 2);
  const given = centres ? alone(points) : batch(kind, points);
  const value = loss.build[kind](given, (name) => ownParameter(loss, name, points)).loss;
  const [gradient] = gradients(value, [points[moving]]);
  const outputs = gradient === null ? { loss: value } : { loss: value, gradient };
  const [values, forces] = [[], []];
  for (const distance of distances) {
    const at = { anchor: 0, positive: -angle(fixed), negative: angle(fixed) };
    at[moving] = (moving === "positive" ? -1 : 1) * angle(distance);
    const feeds = Object.fromEntries(
      names.map((name) => [
        name,
        { dtype: "float32", shape: [1, 2], data: Float64Array.of(Math.cos(at[name]), Math.sin(at[name])) },
      ]),
    );
    const got = evaluate(outputs, feeds, new Map());
    values.push(got.loss.data[0]);
    const [x, y] = got.gradient?.data ?? [0, 0];
    const turn = -x * Math.sin(at[moving]) + y * Math.cos(at[moving]);
    const away = (moving === "positive" ? -1 : 1) * turn;
    forces.push(-away / Math.cos(angle(distance) / 2));
  }
  return { values, forces };
}

/** The angle on the unit circle that a Euclidean distance belongs to. */
const angle = (distance) => 2 * Math.asin(distance / 2);

function batch(kind, { anchor, positive, negative }) {
  const bool = (values, shape) => constant(Uint8Array.from(values), shape);
  const int = (...values) => constant(Int32Array.from(values));
  const similarities = (others) => matmul(l2Normalize(anchor), l2Normalize(others), { transposeB: true });
  const both = concat([positive, negative], 0);
  switch (kind) {
    case "labelled": {
      const embeddings = concat([anchor, both], 0);
      return {
        embeddings,
        references: embeddings,
        // Only the anchor looks at others, so that each force is that of one pair.
        positive: bool([0, 1, 0, 0, 0, 0, 0, 0, 0], [3, 3]),
        negative: bool([0, 0, 1, 0, 0, 0, 0, 0, 0], [3, 3]),
        pairs: { anchor: int(0), positive: int(1), valid: bool([1], [1]) },
        classes: int(0, 0, 1),
      };
    }
    case "pairs":
      return {
        queries: anchor,
        documents: both,
        negatives: bool([0, 1], [1, 2]),
        // A teacher and a guide that think as the labels do; both documents came into the batch as often.
        teacher: constant([1, 0], [1, 2]),
        guide: { queries: constant([1, 0], [1, 2]), documents: constant([1, 0, 0, 1], [2, 2]) },
        samplingProbabilities: constant([0.5, 0.5]),
        // A queue with nothing in it for this row: its negative is the one that is shown.
        queue: { vectors: constant([-1, 0], [1, 2]), negatives: bool([0], [1, 1]) },
      };
    case "scored":
      return { first: concat([anchor, anchor], 0), second: both, labels: constant([1, 0]) };
    case "logits":
      return {
        scores: similarities(both),
        positive: bool([1, 0], [1, 2]),
        negative: bool([0, 1], [1, 2]),
        teacher: constant([1, 0], [1, 2]),
      };
    default:
      return { columns: [anchor, both].map((x) => transpose(transpose(x))) };
  }
}

/** With class centres in the places of positive and negative, the anchor is the only row. */
function alone({ anchor }) {
  const none = constant(new Uint8Array(1), [1, 1]);
  const zero = constant(new Int32Array(1));
  return {
    embeddings: anchor,
    references: anchor,
    positive: none,
    negative: none,
    pairs: { anchor: zero, positive: zero, valid: constant(new Uint8Array(1)) },
    classes: zero,
  };
}

/** A loss's own parameters: class weights and proxies stand where the positive (class 0) and the negative (class 1) do. */
function ownParameter(loss, name, { positive, negative }) {
  const spec = loss.parameters({ dimension: 2, classes: 2 }).find((one) => one.name === name);
  const rows = spec.shape.slice(0, -1).reduce((n, length) => n * length, 1);
  if (spec.shape.at(-1) !== 2 || rows % 2 !== 0) {
    const count = spec.shape.reduce((n, length) => n * length, 1);
    return constant(new Float64Array(count).fill(typeof spec.initial === "number" ? spec.initial : 0), spec.shape);
  }
  const classes = [positive, negative].flatMap((x) => Array.from({ length: rows / 2 }, () => x));
  return concat(classes, 0).reshape(spec.shape);
}
