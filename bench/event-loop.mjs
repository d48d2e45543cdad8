// Does the caller's thread stay free while a model trains, and does memory stay flat? Gaps of the main thread's event loop and resident
// memory over training steps whose batches all have other shapes.
//
//     node bench/event-loop.mjs [MODEL [DATA]] [--threads 2]
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { collectWarnings, loadData } from "nearmiss";
import { noProgress } from "#nearmiss/base/progress.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { resolveConfig } from "#nearmiss/train/config.js";
import { prepareSession } from "#nearmiss/train/session.js";
import { machine } from "./machine.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string", default: "2" }, steps: { type: "string", default: "12" } },
});
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const source = positionals[1] ?? "../shared/data/medquad";
const threads = Number(values.threads);
const data = await loadData(source);

async function watch(settings) {
  const config = resolveConfig({ data: source, sampler: "in-batch", ...settings });
  const engine = await createEngine({ threads });
  const session = await prepareSession({ config, data, engine, warnings: collectWarnings(), progress: noProgress });
  const resident = [];
  const every = Math.ceil(config.steps / 8);
  // The first step compiles the program; it counts.
  const gaps = monitorEventLoopDelay({ resolution: 1 });
  gaps.enable();
  for (let step = 0; step < session.plan.total; step++) {
    await session.trainer.update(step, session.plan, null);
    if ((step + 1) % every === 0) resident.push(Math.round(process.memoryUsage().rss / 2 ** 20));
  }
  gaps.disable();
  await session.release();
  await engine.close();
  const milliseconds = (nanoseconds) => Number((nanoseconds / 1e6).toFixed(1));
  return {
    steps: session.plan.total,
    gapMilliseconds: {
      median: milliseconds(gaps.percentile(50)),
      p99: milliseconds(gaps.percentile(99)),
      max: milliseconds(gaps.max),
    },
    residentMiB: resident,
  };
}

const result = {
  name: "event-loop",
  machine: machine(),
  threads,
  static: await watch({ model: "static", steps: 240 }),
  fineTuning: await watch({ model, steps: Number(values.steps) }),
};
console.log(JSON.stringify(result, null, 2));
