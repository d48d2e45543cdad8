import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { bags, mlp } from "./models.js";

test("memory is flat over 2,000 steps of varying batch shapes", async () => {
  const engine = await createEngine({ threads: 2 });
  const models = [mlp({ width: 64, hidden: 128, out: 16, rate: 0.1 }), bags({ rows: 2000, width: 64 })];
  const trained = await Promise.all(
    models.map(async (model) => {
      const weights = await engine.load(model.weights());
      const optimiser = await engine.optimiser(weights, { kind: "adamw" });
      return { model, weights, optimiser, program: await engine.compile(model.spec) };
    }),
  );
  const generator = rng(1, "shapes");
  const resident: number[] = [];
  for (let step = 0; step < 2000; step++) {
    const { model, ...handles } = trained[step % 2]!;
    const microBatches = Array.from({ length: 1 + generator.int(2) }, (_, i) =>
      model.feeds(2 + generator.int(300), step, i),
    );
    await engine.step({ ...handles, microBatches, learningRate: 0.001, maxNorm: 1, dropout: { seed: 1, step } });
    if (step % 250 === 249) resident.push(process.memoryUsage().rss / 2 ** 20);
  }
  await engine.close();
  // What the largest batches need is there by the first quarter.
  const settled = Math.max(...resident.slice(0, 3));
  expect(Math.max(...resident.slice(3)) - settled, `MiB resident: ${resident.map(Math.round).join(", ")}`).toBeLessThan(
    32,
  );
}, 300_000);
