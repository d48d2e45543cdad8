import { inputError, NearmissError, workError } from "../base/errors.js";
import { rng } from "../base/rng.js";
import type { Label, LabelledData } from "../base/types.js";
import { labelledBatches } from "../data/labelled-batches/index.js";
import type { Feeds, HostTensor, StepResult } from "../engine/types.js";
import type { Loss } from "../losses/types.js";
import { minerOf } from "../miners/index.js";
import type { Miner } from "../miners/types.js";
import type { TrainConfig } from "./config.js";
import { endless } from "./endless.js";
import { evaluateItems, itemMeasures } from "./item-evaluation.js";
import { type ItemLearner, itemLearner } from "./item-learner.js";
import { TRAIN_SPLIT } from "./kinds.js";
import { batchingOf } from "./labelled-batching.js";
import { type LabelledStepper, lossOnce, pairsOfLabels } from "./labelled-pairs.js";
import { labelledEqualSpec, labelledFeeds, labelledSpec } from "./labelled-program.js";
import { type MinedRows, openLabelledRound, strategyOf } from "./labelled-round.js";
import { lossOver } from "./losses.js";
import { createMemory, type Memory } from "./memory.js";
import { refuseVectors } from "./refuse.js";
import { compiledOnce, type StepSettings, withEqualGroups } from "./stepper.js";
import type { Task, TaskOptions } from "./task.js";
import { equalRows } from "./telemetry.js";

/** An item of the training split. */
interface Item {
  readonly id: string;
  readonly labels: readonly Label[];
}

/** Items with labels: texts, pictures or vectors. Losses over labelled rows take whole batches, losses over pairs N pairs of N classes. */
export async function labelledTask(options: TaskOptions<LabelledData>): Promise<Task<MinedRows>> {
  const { config, data, engine, warnings } = options;
  refuseVectors(config, "labelled items");
  const loss = lossOver(config, "labelled items", "labelled", "pairs");
  const mining = strategyOf(config);
  const wantsPairs = config.batches === "pairs" || mining !== null;
  const asPairs = !("labelled" in loss.build) || (wantsPairs && "pairs" in loss.build);
  const labelled = asPairs ? null : (loss as unknown as Loss<"labelled">);
  const miner = minerOfConfig(config);
  checkTogether(config, loss, miner, asPairs);
  const measures = itemMeasures(config.metric);
  const train = itemsOf(data, TRAIN_SPLIT);
  const classes = new Map<Label, number>();
  for (const { labels } of train) for (const label of labels) if (!classes.has(label)) classes.set(label, classes.size);
  if (classes.size < 2)
    throw inputError("too-few-classes", "training on labelled items needs at least two classes", {
      file: data.source,
      found: `${classes.size} in the split ${TRAIN_SPLIT}`,
    });
  const ids = train.map(({ id }) => id);
  const learner = await itemLearner({ engine, config, data, warnings, loss, classes: classes.size, train: ids });
  const { batching, negatives } = batchingOf(config, asPairs, train);
  const batches = endless(
    (epoch) => labelledBatches(train, batching, { seed: config.seed, epoch }).batches as readonly (readonly Item[])[],
  );
  if (batches.perEpoch === 0)
    throw inputError("no-batches", "no batch can be made of these items", { file: data.source });
  const memory = config.memory === 0 ? null : createMemory(config.memory, learner.encoder.dimension);
  const stepper =
    labelled === null
      ? pairsOfLabels(learner, loss as unknown as Loss<"pairs">, train, negatives, config)
      : labelledRows({ learner, loss: labelled, miner, memory, classes, train, config });
  const evaluate = evaluateItems(learner, measures, options);
  return {
    learner,
    batches,
    mined: mining !== null,
    ...(memory === null ? {} : { memory }),
    // What a loss has learnt may hold classes apart without the encoder.
    ...(learner.lossParameterNames.length > 0 ? {} : { lossWhenEqual: () => stepper.whenEqual(batches.at(0).batch) }),
    prepare: async (first, count, mined) => {
      const micro = Array.from({ length: count }, (_, i) => batches.at(first + i));
      const { encoded, run } = stepper.prepare(
        micro.map(({ batch }) => batch),
        first,
        mined,
      );
      return { epoch: micro[0]?.epoch ?? 0, counts: { encoded }, run };
    },
    evaluateDev: evaluate.dev,
    openRound: ({ file, round }) =>
      openLabelledRound(file, async () => {
        const items = ids.flatMap((id) => data.items.get(id) ?? []);
        const { data: vectors, dimension } = await learner.vectors(ids);
        const seed = rng(config.seed, "mined", round).uint32();
        return { ...mining, items, vectors, dimension, engine, seed };
      }),
    evaluateFinally: evaluate.finally,
  };
}

function itemsOf(data: LabelledData, split: string): readonly Item[] {
  return (data.splits.get(split) ?? []).flatMap((id) => data.items.get(id) ?? []);
}

function minerOfConfig({ miner, minerParams }: TrainConfig): Miner | null {
  return miner === null ? null : minerOf(miner).create(minerParams);
}

/** Throws where miner, memory or sampler have nothing to do with the loss. */
function checkTogether(
  config: TrainConfig,
  loss: Pick<Loss, "name" | "memory"> & { readonly build: object },
  miner: Miner | null,
  asPairs: boolean,
): void {
  const wrong = (field: string, found: string, expected: string) =>
    inputError("bad-config", `this does not go together with the loss ${loss.name}`, { field, found, expected });
  if (miner !== null && asPairs)
    throw wrong("miner", miner.name, "no miner: a loss over pairs takes all negatives of its batch");
  if (config.memory > 0 && (asPairs || !loss.memory))
    throw wrong("memory", String(config.memory), "0: this loss looks at its own batch alone");
  if (config.mine !== null && !asPairs)
    throw wrong("mine", config.mine, "a loss over pairs or triplets: what is mined are triplets");
  if (config.sampler !== "in-batch")
    throw wrong("sampler", config.sampler, "in-batch: labelled items have no corpus to draw from");
}

interface LabelledRows {
  readonly learner: ItemLearner;
  readonly loss: Loss<"labelled">;
  readonly miner: Miner | null;
  readonly memory: Memory | null;
  readonly classes: ReadonlyMap<Label, number>;
  readonly train: readonly Item[];
  readonly config: TrainConfig;
}

/** Whole batches of rows, compared with each other and with the memory. */
function labelledRows({ learner, loss, miner, memory, classes, train, config }: LabelledRows): LabelledStepper {
  const { engine, encoder, weights, optimiser, lossParameters } = learner;
  const singleLabels = train.every(({ labels }) => labels.length === 1);
  const classOf = singleLabels ? ({ labels }: Item) => classes.get(labels[0] as Label) as number : null;
  const byId = new Map(train.map((item) => [item.id, item]));
  const step = { encoder, loss, parameters: lossParameters, miner, singleLabels };
  const program = (withMemory: boolean) =>
    compiledOnce((options) => engine.compile(labelledSpec({ ...step, memory: withMemory }, options)), config.dropout);
  // What does not go together is known before anything is written.
  labelledSpec({ ...step, memory: memory !== null }, { groups: 1, dropout: 0, attentionDropout: 0 });
  const alone = program(false);
  const remembering = program(true);
  return {
    whenEqual(items) {
      const { node, feed } = equalRows("items", encoder.dimension);
      const place = Int32Array.from(items.keys());
      const spec = labelledEqualSpec({ ...step, memory: false }, node);
      return lossOnce(learner, spec, { ...labelledFeeds(items, null, place, classOf), items: feed(items.length) });
    },
    prepare(batches, place) {
      const collated = withEqualGroups((most) =>
        batches.map((items) =>
          encoder.collate(
            items.map(({ id }) => id),
            most,
          ),
        ),
      );
      const run = async (settings: StepSettings): Promise<StepResult> => {
        // Taken now, not when the batch was made: the update before this one has added to it.
        const held = memory === null || place < config.memoryFrom || memory.ids.length === 0 ? null : memory;
        const earlier = held?.ids.map((id) => byId.get(id) as Item) ?? null;
        const microBatches = batches.map((items, i): Feeds => {
          const { feeds, place: rows } = collated[i] as (typeof collated)[0];
          const columns = items.length + (earlier?.length ?? 0);
          return {
            ...feeds,
            ...labelledFeeds(items, earlier, rows, classOf),
            ...(miner?.random ? { noise: noise(config.seed, place + i, items.length, columns) } : {}),
            ...(held === null ? {} : { memory: vectorsOf(held, encoder.dimension) }),
          };
        });
        const compiled = await (held === null ? alone : remembering)(collated[0]);
        const request = { program: compiled, weights, optimiser, microBatches, ...settings };
        const result = await engine.step(request).catch(async (error: unknown) => {
          throw await named(error, learner, batches.flat());
        });
        batches.forEach((items, i) => {
          const vectors = result.outputs[i]?.["vectors"];
          memory?.add(
            items.map(({ id }) => id),
            vectors?.data as Float32Array,
          );
        });
        return result;
      };
      return { encoded: batches.reduce((sum, items) => sum + items.length, 0), run };
    },
  };
}

/** Uniform numbers in (0, 1) for a miner that draws: a function of seed and batch. */
function noise(seed: number, batch: number, rows: number, columns: number): HostTensor {
  const generator = rng(seed, "miner", batch);
  const data = Float32Array.from({ length: rows * columns }, () => ((generator.uint32() >>> 9) + 0.5) / 2 ** 23);
  return { dtype: "float32", shape: [rows, columns], data };
}

function vectorsOf(memory: Memory, dimension: number): HostTensor {
  return { dtype: "float32", shape: [memory.ids.length, dimension], data: memory.vectors() };
}

/** An error about values that are not finite, with the items whose vectors are not. */
async function named(error: unknown, learner: ItemLearner, items: readonly Item[]): Promise<unknown> {
  if (!(error instanceof NearmissError) || error.code !== "non-finite") return error;
  const ids = [...new Set(items.map(({ id }) => id))];
  const { data, dimension } = await learner.vectors(ids);
  const bad = ids.filter((_, i) => !data.subarray(i * dimension, (i + 1) * dimension).every(Number.isFinite));
  if (bad.length === 0) return error;
  const more = bad.length > 3 ? ` and ${bad.length - 3} more` : "";
  return workError("non-finite", `the vectors of ${bad.slice(0, 3).join(", ")}${more} are not finite`, {
    field: bad[0] as string,
    found: error.message,
    hint: bad.length === ids.length ? "training diverged: lower the learning rate" : "look at these items",
  });
}
