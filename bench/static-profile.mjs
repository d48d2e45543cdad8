// Where the time of a static encoder's training step goes: each part alone on the real batches, the least of a few tries.
//
//     node bench/static-profile.mjs [DATA] [--threads 2] [--steps 8]
import { parseArgs } from "node:util";
import { collectWarnings, loadData } from "nearmiss";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { noProgress } from "#nearmiss/base/progress.js";
import { batchSampler } from "#nearmiss/data/batches.js";
import { knownPositives, trainingRows } from "#nearmiss/data/rows.js";
import { sequencer } from "#nearmiss/encode/model.js";
import { createWasmHost } from "#nearmiss/engine/host-wasm.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { adamwFactors } from "#nearmiss/engine/reference.js";
import { createSource } from "#nearmiss/engine/source.js";
import { loss } from "#nearmiss/losses/index.js";
import { collateBatch, layOutBatch } from "#nearmiss/train/batch.js";
import { resolveConfig } from "#nearmiss/train/config.js";
import { trainingSpec } from "#nearmiss/train/program.js";
import { prepareSession } from "#nearmiss/train/session.js";
import { tokenSource } from "#nearmiss/train/token-source.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "2" },
    steps: { type: "string", default: "8" },
    batch: { type: "string", default: "512" },
    vocabulary: { type: "string", default: "30000" },
  },
});
const source = positionals[0] ?? "../shared/data/medquad";
const data = await loadData(source);
const config = resolveConfig({
  data: source,
  model: "static",
  sampler: "in-batch",
  batchSize: Number(values.batch),
  vocabularySize: Number(values.vocabulary),
});
const engine = await createEngine({ threads: 1 });
const session = await prepareSession({ config, data, engine, warnings: collectWarnings(), progress: noProgress });
const { encoder, description } = session.task.learner;
const [table, width] = encoder.parameters.get("embedding.weight");
await engine.close();

const least = new Map();
async function timed(name, work) {
  const begin = performance.now();
  const result = await work();
  const taken = performance.now() - begin;
  least.set(name, Math.min(taken, least.get(name) ?? Number.POSITIVE_INFINITY));
  return result;
}

const rows = trainingRows(data, "train");
const known = knownPositives(data, ["train"]);
const { batches } = batchSampler({ rows, batchSize: config.batchSize, seed: 1, epoch: 0, knownPositives: known });
const tokens = tokenSource(data, sequencer(description, collectWarnings()));
const program = createSource(trainingSpec(encoder, loss("mnrl"), { groups: 1, dropout: 0, attentionDropout: 0 }));
const graph = await InferenceSession.create(program.model, {
  intraOpNumThreads: Number(values.threads),
  interOpNumThreads: 1,
  graphOptimizationLevel: "basic",
  enableMemPattern: false,
  extra: { session: { force_spinning_stop: "1" } },
});
const host = createWasmHost({ threads: Number(values.threads) });
const [parameter, gradient, first, second] = [1, 2, 3, 4].map(() => host.allocate(table * width));
const sizes = {};
for (const batch of batches.slice(0, Number(values.steps))) {
  await timed("tokenising (once a text)", () => {
    for (const { queryId, positiveId } of batch) [tokens.query(queryId), tokens.document(positiveId)];
  });
  const layout = await timed("layout", () => layOutBatch(batch, () => [], known, "batch"));
  const { feeds } = await timed("collating", () => collateBatch(layout, encoder, tokens.query, tokens.document, 1));
  const matrix = await timed("bags as a matrix", () => host.bagMatrix(feeds.ids.data, feeds.offsets.data, table));
  const bags = feeds.offsets.data.length - 1;
  const [out, dy] = [host.allocate(bags * width), host.allocate(bags * width)];
  await timed("means of bags", () => host.sparseProduct(matrix.byBag, parameter, width, out));
  const inputs = Object.fromEntries([
    ...program.graphInputs.map(({ graphName, name }) => {
      const { dtype, data: given, shape } = feeds[name];
      return [graphName, new Tensor(dtype, given, shape)];
    }),
    ...program.bags.map(({ graphName }) => {
      const random = Float32Array.from({ length: bags * width }, () => Math.random() - 0.5);
      return [graphName, new Tensor("float32", random, [bags, width])];
    }),
  ]);
  await timed("graph", () => graph.run(inputs));
  const targets = {
    ids: matrix.rows,
    fresh: new Uint8Array(matrix.rows.length).fill(1),
    squares: new Float64Array(matrix.rows.length),
  };
  await timed("gradient by row, and its norm", () => host.sparseProduct(matrix.byRow, dy, width, gradient, targets));
  const named = { ids: matrix.rows, width };
  const factors = adamwFactors({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }, 1, 0.1, 1);
  await timed("AdamW", () => host.adamwTable(parameter, gradient, first, second, named, factors));
  Object.assign(sizes, {
    ids: feeds.ids.data.length,
    entries: matrix.byBag.ids.length,
    rows: matrix.rows.length,
    bags,
  });
  host.free(out);
  host.free(dy);
}
await graph.release();
console.log(
  JSON.stringify({ name: "static-profile", sizes, table, width, milliseconds: Object.fromEntries(least) }, null, 2),
);
