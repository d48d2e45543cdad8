// The page of results, in Markdown.
import { readFileSync } from "node:fs";

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
const number = (value, digits = 2) => value.toFixed(digits);
const range = ({ median, low, high }, digits = 2, unit = "") =>
  `**${number(median, digits)}${unit}** (${number(low, digits)} … ${number(high, digits)})`;
const gib = (bytes) => `${number(bytes / 2 ** 30, 1)} GiB`;
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const PEER = "sentence-transformers";

/** docs/benchmarks.md, from the results of all benchmarks. */
export function page(results) {
  const { date, machine, noPeer, fineTuning } = results;
  const versions = Object.values(fineTuning.settings)[0][PEER]?.versions;
  return `# Benchmarks

Made on ${date} by the scripts of \`bench/\`; \`node bench/all.mjs\` runs them all and writes this page. A ratio compares two sides that ran in turns, in one run on one machine; another
machine gives other ratios: processors with AMX, or without AVX-512, above all.

- Processor: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB; of the features that matter: ${machine.features.join(", ") || "unknown"}; not there: ${machine.missing.join(", ") || "none"}.
- Threads: ${fineTuning.threads} on both sides. Load of the machine in the minute before: fine-tuning ${number(fineTuning.machine.load)}, static ${number(results.static.machine.load)}, event loop ${number(results.eventLoop.machine.load)} (an average that still holds what ran before; nothing else should run during a benchmark).
- nearmiss on Node ${machine.node.slice(1)} and onnxruntime ${versionOf("onnxruntime-node")}${versions === undefined ? "" : `; ${PEER} ${versions[PEER]} on torch ${versions.torch}`}. float32 on both sides.
- Figures are medians, with the least and the greatest in brackets.
${noPeer === null ? "" : `\nThe peer did not run (${noPeer}), so there are no ratios.\n`}
${fineTuningPart(fineTuning)}

${staticPart(results.static)}

${profilePart(results.profiles)}

${lossesPart(results.losses)}

${eventLoopPart(results.eventLoop)}
`;
}

function fineTuningPart({ batchSize, maxLength, settings }) {
  const rows = Object.entries(settings).flatMap(([name, setting]) =>
    ["nearmiss", PEER].flatMap((side) => {
      const found = setting[side];
      if (found === null) return [];
      const ratio = side === "nearmiss" && setting.ratio !== null ? `${range(setting.ratio)} ×` : "";
      const { secondsPerStep, tokensPerSecond, peakBytes } = found;
      return [[name, side, range(secondsPerStep, 2, " s"), range(tokensPerSecond, 0), gib(peakBytes), ratio]];
    }),
  );
  const [plain] = Object.values(settings);
  const peers = Object.values(settings).flatMap((setting) => setting[PEER] ?? []);
  const checks = peers.map(
    ({ hiddenDropout, attention, attentionDropout }) =>
      `hidden ${hiddenDropout.join(", ")}, attention (${attention}) ${attentionDropout.join(", ")}`,
  );
  const difference =
    plain[PEER] === null
      ? null
      : Math.max(...plain.nearmiss.losses.map((loss, i) => Math.abs(loss - plain[PEER].losses[i])));
  return `## Fine-tuning a BERT encoder

all-MiniLM-L6-v2 (6 layers × 384) on question–answer pairs of MedQuAD, ${batchSize} pairs a step, at most ${maxLength} tokens: collating, forward, backward, clipping and
AdamW; tokenising, below 1 % of a step, is included there at every step and here at a text's first. The same batches on both sides${plain[PEER] === null ? "" : `, with the same ${plain.tokens.reduce((a, b) => a + b, 0)} tokens`}. Tokens are real ones: padding does not count.

${table(["setting", "", "seconds a step", "tokens a second", "peak memory", "faster by"], rows)}
${
  difference === null
    ? ""
    : `
What the peer really drops, as its modules and its attention kernel report it: ${checks.join("; then ")}. Without dropout the losses of the two sides differ by at most
${difference.toExponential(0)} over these steps: gradients and updates agree too.`
}`;
}

function staticPart({ steps, batchSize, dimension, tokensOfAllPairs, nearmiss, ratio, ...rest }) {
  const peer = rest[PEER];
  const rows = [
    [
      "nearmiss",
      range(nearmiss.seconds, 1, " s"),
      gib(nearmiss.peakBytes),
      ratio === null ? "" : `${range(ratio, 1)} ×`,
    ],
    ...(peer === null ? [] : [[PEER, range(peer.seconds, 1, " s"), gib(peer.peakBytes), ""]]),
  ];
  return `## Training a static encoder

${steps} steps of ${batchSize} pairs from nothing, ${dimension} dimensions, vocabulary of 30,000 WordPieces (the same on both sides: ${tokensOfAllPairs} tokens in all pairs), dense AdamW. Tokenising is
counted on both sides, training the vocabulary on neither.

${table(["", "seconds", "peak memory", "faster by"], rows)}`;
}

function profilePart(profiles) {
  const parts = profiles.map(({ dropout, tokens, nodes, milliseconds, kinds, host }) => {
    const outside = Object.values(host.milliseconds).reduce((a, b) => a + b, 0);
    const all = milliseconds + outside;
    const share = (value) => `${number((100 * value) / all, 1)} %`;
    const most = kinds.filter((kind) => kind.milliseconds > 0.005 * all);
    const few = milliseconds - most.reduce((sum, kind) => sum + kind.milliseconds, 0);
    const row = (name, count, value) => [name, count, number(value, 1), share(value)];
    const around = [
      ["dropout masks", `${number(host.maskBytes / 1e6, 0)} million elements`, host.milliseconds.masks],
      ["gradient of the word table", `${tokens} tokens`, host.milliseconds.wordRows],
      ["gradient norm", `${number(host.parameters / 1e6, 1)} million parameters`, host.milliseconds.norm],
      ["AdamW", `${number(host.parameters / 1e6, 1)} million parameters`, host.milliseconds.adamw],
    ].filter(([, , value]) => value > 0);
    return `Dropout ${dropout}, one batch of ${tokens} tokens, ${nodes} nodes:

${table(
  ["", "", "ms", "of the step"],
  [
    ...most.map((kind) => row(kind.kind, `${kind.nodes} nodes`, kind.milliseconds)),
    row("other nodes", "", few),
    ...around.map(([name, count, value]) => row(name, count, value)),
  ],
)}`;
  });
  return `## Where the time of a fine-tuning step goes

onnxruntime's profile of the step's graph by kind of node, the least of a few runs for each node, and what the engine does around the graph. \`Gemm\` and most of \`MatMul\` are the
linear layers, \`FusedMatMul\` is attention and the loss.

${parts.join("\n\n")}`;
}

function lossesPart({ dimension, sizes }) {
  const peer = "pytorch-metric-learning";
  const milliseconds = ({ median, low, high }) =>
    range({ median: 1e3 * median, low: 1e3 * low, high: 1e3 * high }, 1, " ms");
  const mib = ({ peakBytes }) => `${number(peakBytes / 2 ** 20, 0)} MiB`;
  const why = (failed) => (/memory|alloc/i.test(failed ?? "") ? "out of memory" : failed);
  const cells = (side) =>
    side === null
      ? ["", ""]
      : side.seconds === undefined
        ? [why(side.failed), ""]
        : [milliseconds(side.seconds), mib(side)];
  const parts = Object.entries(sizes).map(([size, { losses }]) => {
    const [batch, perClass] = size.split("x");
    const rows = losses.map((row) => [
      row.name,
      ...cells(row.nearmiss),
      ...cells(row[peer]),
      row.timesFaster === null ? "" : `${range(row.timesFaster, 1)} ×`,
    ]);
    return `${batch} rows, ${perClass} of each class:

${table(["loss", "nearmiss", "memory", peer, "memory", "faster by"], rows)}`;
  });
  const [{ versions }] = Object.values(sizes);
  return `## Losses over labelled rows

Forward and backward of one batch of ${dimension} dimensions, with finding who belongs to whom, against ${peer}${versions === undefined ? "" : ` ${versions[peer]} on torch ${versions.torch}`}. Memory is the peak beyond what the
process had before, each loss in a process of its own.

${parts.join("\n\n")}`;
}

function eventLoopPart({ static: flat, fineTuning }) {
  const row = (name, { steps, gapMilliseconds: { median, p99, max }, residentMiB }) => [
    name,
    steps,
    median,
    `**${p99}**`,
    max,
    residentMiB.join(", "),
  ];
  return `## The caller's thread, and memory

Gaps of the main thread's event loop while it trains, in milliseconds (the figure to hold: 99 % below 20), and resident memory in MiB at regular steps. Batches have other shapes at every step.

${table(
  ["", "steps", "median gap", "99 %", "longest", "resident MiB"],
  [row("static", flat), row("fine-tuning, dropout 0.1", fineTuning)],
)}

The longest gaps come once: compiling the graph, and cutting an epoch into batches.

## Where we lose

- Two thirds to three quarters of a fine-tuning step are float32 products of linear layers, in which onnxruntime and torch are about equally fast: what is gained is gained beside them (no padding, cheaper masks, fewer passes
  over memory). A processor on which torch's bfloat16 is fast turns that around: nothing here uses it.
- onnxruntime's memory grows by powers of two and is not given back: with dropout a step's resident memory is well above what is alive in it.
- A static encoder's step is bound by memory: bags, their gradients and dense AdamW run on one thread.`;
}
