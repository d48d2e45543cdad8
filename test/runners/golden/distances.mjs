// Matrices of distances and similarities, with the gradient of Σ upstream ∘ matrix.
import { gradients } from "#nearmiss/autodiff/index.js";
import { evaluate } from "#nearmiss/engine/interpreter/evaluate.js";
import { constant, input, l2Normalize } from "#nearmiss/graph/index.js";
import { distanceMatrix, similarityMatrix } from "#nearmiss/nn/distances.js";
import { compareArray, firstDifference } from "../compare.mjs";
import { evaluateIn, toleranceOf } from "./losses.mjs";

export const handlers = [
  {
    matches: ({ name }) => name === "distances",
    async runCase({ inputs, params, loss, gradients: wanted, telemetry, float32 }, _, options) {
      const nodes = Object.fromEntries(
        ["x", "y"].flatMap((name) => (inputs[name] ? [[name, leaf(name, inputs)]] : [])),
      );
      const [x, y = x] = Object.values(nodes).map((node) => (params.normalize ? l2Normalize(node) : node));
      const matrix = matrixOf(x, y, params.metric);
      const total = matrix.mul(constant(inputs.upstream.flat(), [inputs.upstream.length, inputs.upstream[0].length]));
      const names = Object.keys(wanted);
      const found = gradients(
        total.sum(),
        names.map((name) => nodes[name]),
      );
      const outputs = { matrix, loss: total.sum() };
      names.forEach((name, i) => {
        outputs[`gradient.${name}`] = found[i];
      });
      const feeds = Object.fromEntries(Object.keys(nodes).map((name) => [name, feed(inputs[name])]));
      const got = await evaluateIn(outputs, feeds, options);
      const expected = { matrix: telemetry.matrix, loss: [loss] };
      for (const name of names) expected[`gradient.${name}`] = wanted[name];
      const tolerance = toleranceOf(options, float32);
      const agree = (one, other, within = tolerance) =>
        firstDifference(Object.keys(expected), (key) => compareArray(one[key].data, other(key), within, key));
      const result = agree(got, (key) => expected[key].flat());
      if (result.ok || !options.float32) return result;
      // Where rounding the inputs to float32 alone misses the expected values, as with rows a few units in the last place apart, what the
      // reference makes of the rounded inputs is what there is to match, to the tolerance of inputs that have lost digits.
      const rounded = evaluate(outputs, Object.fromEntries(Object.entries(feeds).map(rounding)), new Map());
      return agree(rounded, (key) => expected[key].flat()).ok
        ? result
        : agree(got, (key) => rounded[key].data, { rtol: 1e-3, atol: 1e-5 });
    },
  },
];

const rounding = ([name, tensor]) => [name, { ...tensor, data: tensor.data.map(Math.fround) }];

const leaf = (name, inputs) => input(name, [inputs[name].length, inputs[name][0].length]);

const feed = (rows) => ({
  dtype: "float32",
  shape: [rows.length, rows[0].length],
  data: Float64Array.from(rows.flat()),
});

function matrixOf(x, y, metric) {
  if (metric === "dot") return similarityMatrix(x, y, "dot");
  if (metric === "cosine-similarity") return similarityMatrix(x, y, "cosine");
  return distanceMatrix(x, y, metric === "cosine-distance" ? "cosine" : metric);
}
