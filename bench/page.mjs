// The page of results, in Markdown.
import { readFileSync } from "node:fs";
import { signed } from "#nearmiss/report/figures.js";
import { meanAndDeviation } from "./labelled/arm.mjs";

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
const number = (value, digits = 2) => value.toFixed(digits);
const range = ({ median, low, high }, digits = 2, unit = "") =>
  `**${number(median, digits)}${unit}** (${number(low, digits)} … ${number(high, digits)})`;
const gib = (bytes) => `${number(bytes / 2 ** 30, 1)} GiB`;
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const PEER = "sentence-transformers";

/**
 * docs/benchmarks.md. What was not measured this time (null) stands as it was on the page before.
 */
export function page({ machine, noPeer, ...results }, before = "") {
  const old = new Map(before.split(/^(?=## )/m).map((part) => [part.split("\n", 1)[0], part.trim()]));
  const parts = [
    ["Fine-tuning a BERT encoder", results.fineTuning, fineTuningPart],
    ["Encoding", results.encoding, encodingPart],
    ["Training a static encoder", results.static, staticPart],
    ["A large batch", results.gradCache, gradCachePart],
    ["As the work grows", results.growth, growthPart],
    ["Quality of fine-tuning with 8-bit products", results.int8Quality, int8QualityPart],
    ["Where the time of a fine-tuning step goes", results.profiles, profilePart],
    ["Losses over labelled rows", results.losses, lossesPart],
    ["Exact search", results.exact, exactPart],
    ["Mining from given vectors", results.mining, miningPart],
    ["Measuring a run", results.score, scorePart],
    ["The caller's thread, and memory", results.eventLoop, eventLoopPart],
  ].flatMap(([title, result, write]) => {
    const head = `## ${title}`;
    if (result === null) return old.get(head) ?? [];
    const [{ machine: measured }] = [result].flat();
    const without = noPeer === null ? "" : ` The peer did not run (${noPeer}): there are no ratios.`;
    return `${head}\n\nMeasured on ${measured.date}; load of the machine in the minute before: ${number(measured.load)}.${without}\n\n${write(result).trim()}`;
  });
  return `# Benchmarks

Made by the scripts of \`bench/\`; \`node bench/all.mjs\` runs them all and writes this page, \`--only\` some of them. A ratio compares two sides that ran in turns, in one run on one machine; another
machine gives other ratios: processors with AMX, or without AVX-512, above all.

- Processor: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB; of the features that matter: ${machine.features.join(", ") || "unknown"}; not there: ${machine.missing.join(", ") || "none"}.
- Threads: two on both sides. Nothing else should run during a benchmark; the load that is told is an average that still holds what ran before.
- nearmiss on Node ${machine.node.slice(1)} and onnxruntime ${versionOf("onnxruntime-node")}, peers as in \`bench/peers/requirements.txt\`. float32 on both sides where nothing else is said.
- Figures are medians, with the least and the greatest in brackets.

${parts.join("\n\n")}

## Where we lose

- Two thirds to three quarters of a fine-tuning step are float32 products of linear layers, in which onnxruntime and torch are about equally fast: what is gained is gained beside them (no padding, cheaper masks, fewer passes
  over memory). Where the processor has units for bfloat16, torch's autocast makes a step without dropout as fast as ours in float32, at a lower precision; 8-bit products answer that only in part.
- onnxruntime's memory grows by powers of two and is not given back: with dropout a step's resident memory is well above what is alive in it.
- Of a static encoder's step, the matrix of its bags is made on one thread, and in the first epoch the step waits for tokenising.
- Losses that are a few products of small matrices (class centres, contrastive pairs) are about as fast as PyTorch's, one or two of them somewhat slower at 1,800 rows. SmoothAP takes gigabytes there: it ranks every row among all others.
- Exact search by 8-bit products saves two thirds of the products' time and spends a good part of it on looking at more candidates: the bound of what they can be off is one for the worst case. Deciding the best candidates first, blocks of other
  sizes, and products whose documents the engine has packed before were tried and change little; threads that tell each other their thresholds help float32 as much.
`;
}

function fineTuningPart({ batchSize, maxLength, settings }) {
  const row = (name, side, { secondsPerStep, tokensPerSecond, peakBytes }, ...ratios) => [
    name,
    side,
    range(secondsPerStep, 2, " s"),
    range(tokensPerSecond, 0),
    gib(peakBytes),
    ...ratios,
  ];
  const against = ({ peers }, precision) => {
    const found = peers.find((peer) => peer.precision === precision);
    return found === undefined ? "" : `${range(found.ratio)} ×`;
  };
  const rows = settings.flatMap((setting) => {
    const { name, precision, nearmiss, toOwnFloat32, peers } = setting;
    const own = precision === "float32" ? "" : `${range(toOwnFloat32)} ×`;
    return [
      row(name, "nearmiss", nearmiss, against(setting, "float32"), against(setting, "bfloat16"), own),
      ...(precision === "float32"
        ? peers.map((peer) => row(name, `${PEER}, ${peer.precision}`, peer, "", "", ""))
        : []),
    ];
  });
  const [plain] = settings;
  const exact = settings.flatMap(({ precision, peers }) =>
    precision === "float32" ? peers.filter((peer) => peer.precision === "float32") : [],
  );
  const checks = exact.map(
    ({ hiddenDropout, attention, attentionDropout }) =>
      `hidden ${hiddenDropout.join(", ")}, attention (${attention}) ${attentionDropout.join(", ")}`,
  );
  const difference =
    exact.length === 0
      ? null
      : Math.max(...plain.nearmiss.losses.map((loss, i) => Math.abs(loss - exact[0].losses[i])));
  const tokens = plain.tokens.reduce((a, b) => a + b, 0);
  return `all-MiniLM-L6-v2 (6 layers × 384) on question–answer pairs of MedQuAD, ${batchSize} pairs a step, at most ${maxLength} tokens: collating, forward, backward, clipping and
AdamW; tokenising, below 1 % of a step, is included there at every step and here at a text's first. The same batches on both sides, with the same ${tokens} tokens. Tokens are real ones: padding does not count. \`int8\` are 8-bit products forward and
for input gradients, \`int8-gradient\` for the latter alone; the peer's bfloat16 is torch's autocast. Ratios say by how much nearmiss is faster.

${table(["setting", "", "seconds a step", "tokens a second", "peak memory", "to its float32", "to its bfloat16", "to our float32"], rows)}
${
  difference === null
    ? ""
    : `
What the peer really drops, as its modules and its attention kernel report it: ${checks.join("; then ")}. Without dropout the losses of the two sides differ by at most
${difference.toExponential(0)} over these steps: gradients and updates agree too.`
}`;
}

function encodingPart({ documents, queries, tokens, nearmiss, peers }) {
  const row = (name, { seconds, tokensPerSecond, peakBytes }, ...rest) => [
    name,
    range(seconds, 1, " s"),
    range(tokensPerSecond, 0),
    gib(peakBytes),
    ...rest,
  ];
  const ratio = (found) => (found === undefined ? "" : `${range(found)} ×`);
  const rows = [
    ...Object.entries(nearmiss).map(([precision, found]) =>
      row(
        `nearmiss, ${precision}`,
        found,
        ratio(found.ratios.float32),
        ratio(found.ratios.bfloat16),
        number(found.ndcg, 4),
      ),
    ),
    ...Object.entries(peers).map(([precision, found]) => row(`${PEER}, ${precision}`, found, "", "", "")),
  ];
  const { mean, firstPercentile, least } = nearmiss.int8.cosineToFloat32;
  return `${documents} documents of MedQuAD (${tokens} tokens), tokenising included. nDCG@10 is that of ${queries} questions over these documents. The vectors of \`--precision int8\` have a cosine to those of float32 of ${number(mean, 4)} in the
mean, ${number(firstPercentile, 4)} at the first percentile and ${number(least, 4)} at least.

${table(["", "seconds", "tokens a second", "peak memory", "to its float32", "to its bfloat16", "nDCG@10"], rows)}`;
}

function staticPart([{ steps, batchSize, dimension, tokensOfAllPairs, nearmiss, ratio, ...rest }, profile]) {
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
  const parts = Object.entries(profile.milliseconds).map(([name, milliseconds]) => [name, number(milliseconds, 1)]);
  return `${steps} steps of ${batchSize} pairs from nothing, ${dimension} dimensions, vocabulary of 30,000 WordPieces (the same on both sides: ${tokensOfAllPairs} tokens in all pairs), dense AdamW. Tokenising is
counted on both sides, training the vocabulary on neither.

${table(["", "seconds", "peak memory", "faster by"], rows)}

The parts of a step, each alone; tokenising, layout and collating are done in another thread while the engine works. A batch of ${profile.sizes.ids} token ids has ${profile.sizes.entries} different ones a text, in ${profile.sizes.rows} rows of the table.

${table(["part", "ms"], parts)}`;
}

function gradCachePart({ pairs, micro, gradCache, ratio, toSmallBatches, ...rest }) {
  const [small, peer] = [rest["small batches"], rest[PEER]];
  const row = (name, { seconds, peakBytes }, share) => [name, number(seconds, 1), gib(peakBytes), share];
  return `One update on ${pairs} pairs, ${micro} at a time (\`--micro-batch\`), against updates on ${micro} pairs each with the same rows${peer === null ? "" : `, and the peer's cached loss, which takes ${number(ratio)} × as long`}.

${table(
  ["", "seconds", "peak memory", "to small batches"],
  [
    row("GradCache", gradCache, `${number(toSmallBatches)} ×`),
    row("small batches", small, ""),
    ...(peer === null ? [] : [row(PEER, peer, "")]),
  ],
)}`;
}

function int8QualityPart({ steps, batchSize, precisions }) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const quarters = [0, 1, 2, 3].map((i) => [Math.round((i * steps) / 4), Math.round(((i + 1) * steps) / 4)]);
  const { float32 } = precisions;
  const rows = Object.entries(precisions).map(([name, { ndcg, ndcgDifference, losses }]) => [
    `\`${name}\``,
    meanAndDeviation(ndcg, 4),
    name === "float32" ? "" : ndcgDifference.map((one) => signed(one, 4)).join(", "),
    ...quarters.map(([from, to]) =>
      meanAndDeviation(
        losses.map((curve) => mean(curve.slice(from, to))),
        3,
      ),
    ),
    name === "float32"
      ? ""
      : losses.map((curve, seed) => signed(mean(curve) - mean(float32.losses[seed]), 4)).join(", "),
  ]);
  return `all-MiniLM-L6-v2 on MedQuAD, ${steps} steps of ${batchSize} pairs, ${float32.ndcg.length} seeds, mean ± standard deviation (\`bench/int8-quality.mjs\`); nDCG@10 on the development split. \`int8\`: 8-bit products forward and for input
gradients; \`int8-gradient\`: for the latter alone. Differences are to float32 of the same seed, which sees the same batches.

${table(["precision", "nDCG@10", "difference by seed", ...quarters.map(([from, to]) => `loss, steps ${from + 1}–${to}`), "mean loss, difference by seed"], rows)}`;
}

function growthPart({ epochs, points }) {
  return `A whole run of \`train\` with a static encoder (reading, vocabulary, ${epochs} epochs with mined negatives, evaluation, report) on 1, 2, 4 and 8 times the pairs. The dashed line is what grows in proportion.

![Seconds and peak memory over the size of the data](images/growth.svg)

${table(
  ["pairs", "steps", "seconds", "peak memory"],
  points.map(({ pairs, steps, seconds, peakBytes }) => [pairs, steps, number(seconds, 1), gib(peakBytes)]),
)}`;
}

function profilePart(profiles) {
  const parts = profiles.map(({ dropout, precision, tokens, nodes, milliseconds, kinds, host }) => {
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
    return `Dropout ${dropout}, ${precision}, one batch of ${tokens} tokens, ${nodes} nodes:

${table(
  ["", "", "ms", "of the step"],
  [
    ...most.map((kind) => row(kind.kind, `${kind.nodes} nodes`, kind.milliseconds)),
    row("other nodes", "", few),
    ...around.map(([name, count, value]) => row(name, count, value)),
  ],
)}`;
  });
  return `onnxruntime's profile of the step's graph by kind of node, the least of a few runs for each node, and what the engine does around the graph. \`Gemm\` and most of \`MatMul\` are the
linear layers, \`FusedMatMul\` is attention and the loss; with \`int8\` \`MatMulIntegerToFloat\` are products by 8-bit integers, and \`Gemm\` gradients of weights.

${parts.join("\n\n")}`;
}

function lossesPart({ dimension, sizes }) {
  const peer = "pytorch-metric-learning";
  const milliseconds = ({ median, low, high }) =>
    range({ median: 1e3 * median, low: 1e3 * low, high: 1e3 * high }, median < 0.01 ? 2 : 0, " ms");
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
      row.timesFaster === null ? "" : `${range(row.timesFaster, row.timesFaster.median < 10 ? 2 : 0)} ×`,
    ]);
    return `${batch} rows, ${perClass} of each class:

${table(["loss", "nearmiss", "memory", peer, "memory", "faster by"], rows)}`;
  });
  const [{ versions }] = Object.values(sizes);
  return `Forward and backward of one batch of ${dimension} dimensions, with finding who belongs to whom, against ${peer}${versions === undefined ? "" : ` ${versions[peer]} on torch ${versions.torch}`}. Memory is the peak beyond what the
process had before, each loss in a process of its own.

${parts.join("\n\n")}`;
}

function exactPart({ documents, dimension, k, batch, queriesASecond, peakBytes, certified, ...ratios }) {
  const names = {
    bare: "the bare product, float32",
    nearmiss: "exact search",
    int8: "exact search, 8-bit products",
    usearch: "usearch, exact",
    faiss: "FAISS, flat",
  };
  const rows = Object.entries(names).flatMap(([key, name]) =>
    queriesASecond[key] === null ? [] : [[name, range(queriesASecond[key], 0)]],
  );
  const said = [
    `Of the bare product's rate: ${range(ratios.ofTheBareProduct)}, with 8-bit products ${range(ratios.int8OfTheBareProduct)}`,
    `8-bit to float32: ${range(ratios.int8TimesFloat32)} ×`,
    ...(ratios.timesUsearch === null ? [] : [`to usearch: ${range(ratios.timesUsearch, 1)} ×`]),
  ];
  return `The ${k} nearest of ${documents.toLocaleString("en")} seeded, clustered vectors of ${dimension} dimensions, queries in batches of ${batch} (\`bench/exact.mjs\`). ${said.join("; ")}. 8-bit products find candidates and
float64 products of all that are within the bound of their error decide: hits and scores were ${certified ? "the same to the bit" : "**not the same**"}. The process took ${gib(peakBytes)} with all of it side by side.

${table(["side", "queries a second"], rows)}`;
}

function miningPart({ dimension, count, depth, index, large, ...small }) {
  const gibOf = (bytes) =>
    range({ median: bytes.median / 2 ** 30, low: bytes.low / 2 ** 30, high: bytes.high / 2 ** 30 }, 2, " GiB");
  const rows = ({ nearmiss, peers }, name) => [
    [name, range(nearmiss.seconds, 1, " s"), gibOf(nearmiss.peakBytes), "", ""],
    ...peers.map(({ form, seconds, peakBytes, timesFaster, timesLessMemory }) => [
      `${PEER}, ${form}`,
      range(seconds, 1, " s"),
      gibOf(peakBytes),
      `${range(timesFaster)} ×`,
      `${range(timesLessMemory)} ×`,
    ]),
  ];
  const recall = large?.report?.recall;
  const more =
    large === null
      ? ""
      : `\n\n${large.queries.toLocaleString("en")} queries among ${large.documents.toLocaleString("en")} documents (float16, \`--index hnsw\`): recall@${recall.at} of the exact search ${number(recall.mean, 3)} (least ${number(recall.least, 3)}, over ${recall.queries} queries).`;
  return `${count} negatives of the nearest ${depth} for each of ${small.queries.toLocaleString("en")} queries among ${small.documents.toLocaleString("en")} documents of ${dimension} dimensions, from \`.npy\` files (\`bench/mining.mjs\`), against
\`mine_hard_negatives\` on the same vectors; reading to writing, each side in a process of its own.${small.agreement === null ? "" : ` ${number(100 * small.agreement, 1)} % of its negatives were drawn here, too.`}

${table(["side", "time", "peak memory", "its time to ours", "its memory to ours"], [...rows(small, `nearmiss, \`--index ${index}\``), ...(large === null ? [] : rows(large, `nearmiss, ${large.documents.toLocaleString("en")} documents`))])}${more}`;
}

function scorePart({ lines, orders }) {
  const rows = Object.entries(orders).map(([order, { nearmiss, trec_eval, timesFaster, equal }]) => [
    order,
    range(nearmiss.seconds, 2, " s"),
    trec_eval === null ? "" : range(trec_eval.seconds, 2, " s"),
    timesFaster === null ? "" : `${range(timesFaster)} ×`,
    equal === null ? "" : equal ? "yes" : "**no**",
  ]);
  return `A run of ${lines.toLocaleString("en")} lines, whole processes (\`bench/score.mjs\`; \`TREC_EVAL\` names the other one's binary).

${table(["lines", "nearmiss", "trec_eval", "faster", "same output"], rows)}`;
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
  return `Gaps of the main thread's event loop while it trains, in milliseconds (the figure to hold: 99 % below 20), and resident memory in MiB at regular steps. Batches have other shapes at every step.

${table(
  ["", "steps", "median gap", "99 %", "longest", "resident MiB"],
  [row("static", flat), row("fine-tuning, dropout 0.1", fineTuning)],
)}

The longest gaps come once: compiling the graph, and cutting an epoch into batches.`;
}
