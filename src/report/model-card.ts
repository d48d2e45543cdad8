import type { EvaluationResult } from "../evaluate/systems.js";
import { count, decimals, interval, measureName, pValue, signed, systemName, testBed } from "./figures.js";

export interface ModelCardOptions {
  readonly name: string;
  /** What was trained, in words: `static embeddings`, `BERT, 2 layers` … */
  readonly architecture: string;
  readonly dimension: number;
  readonly similarity: "cosine" | "dot";
  /** The most tokens that are read; null: all. */
  readonly maxLength: number | null;
  /** What a row of a network on numbers holds, in words; absent for models of texts. */
  readonly rows?: string;
  /** Whether it reads two texts together and gives `dimension` scores: a cross-encoder. */
  readonly pairs?: boolean;
  /** A folder or Hub id that training started from; null: from nothing. */
  readonly baseModel: string | null;
  readonly data: { readonly source: string; readonly format: string; readonly fingerprint: string };
  /** An SPDX identifier. Null: the card says that it is not stated. */
  readonly licence: string | null;
  readonly version: string;
  readonly fingerprint: string;
  /** The options worth telling, in the order to print. */
  readonly training: readonly (readonly [string, string | number])[];
  readonly evaluation: EvaluationResult | null;
  /** Whether `onnx/model.onnx` is in the folder. */
  readonly onnx: boolean;
}

/** README.md of a model folder, with the front matter that the Hub reads. */
export function modelCard(options: ModelCardOptions): string {
  return [
    frontMatter(options),
    `# ${line(options.name)}`,
    description(options),
    usage(options),
    results(options.evaluation),
    training(options),
    licence(options),
    "",
  ].join("\n\n");
}

function frontMatter({ licence, baseModel, rows, pairs = false }: ModelCardOptions): string {
  const task = pairs ? "text-ranking" : "sentence-similarity";
  const ofTexts = ["library_name: sentence-transformers", `pipeline_tag: ${task}`, "tags:"];
  const tags = ["- sentence-transformers", ...(pairs ? ["- cross-encoder", "- reranker"] : ["- sentence-similarity"])];
  return [
    "---",
    ...(rows === undefined ? [...ofTexts, ...tags] : ["tags:"]),
    ...(pairs ? [] : ["- feature-extraction"]),
    "- nearmiss",
    // JSON strings are YAML strings.
    `license: ${JSON.stringify(licence ?? "other")}`,
    // The Hub takes ids here; a folder of this machine means nothing there.
    ...(baseModel !== null && /^[\w.-]+\/[\w.-]+$/.test(baseModel) ? [`base_model: ${JSON.stringify(baseModel)}`] : []),
    "---",
  ].join("\n");
}

function description(options: ModelCardOptions): string {
  const { architecture, dimension, similarity, maxLength, baseModel, data } = options;
  const length =
    options.rows !== undefined
      ? `It takes ${options.rows}.`
      : maxLength === null
        ? "It reads texts of any length."
        : `It reads the first ${count(maxLength)} tokens.`;
  const what = options.pairs
    ? `Reads two texts together and gives them ${dimension === 1 ? "a score" : `${count(dimension)} scores, one a class`}${dimension === 1 && options.evaluation?.data.kind === undefined ? ": how well the second answers the first" : ""}.`
    : `Turns ${options.rows === undefined ? "texts" : "rows of numbers"} into vectors of ${count(dimension)} numbers, so that ${purpose(options.evaluation)}.`;
  return `${what}

- Architecture: ${line(architecture)}, ${baseModel === null ? "trained from nothing" : `starting from ${code(baseModel)}`}. ${length}${options.pairs ? "" : `\n- Compare vectors by ${similarity === "cosine" ? "cosine similarity" : "dot product"}.`}
- Data: ${code(data.source)} (${line(data.format)}, ${code(data.fingerprint)}).
- Trained with nearmiss ${options.version}; model ${code(options.fingerprint)}.`;
}

function purpose(evaluation: EvaluationResult | null): string {
  const kind = evaluation?.data.kind;
  if (kind === "texts")
    return "their tokens are guessed from what surrounds them; it is to be tuned further before its vectors are compared";
  if (kind === "labelled") return "items of one class lie near each other";
  return kind === "scored"
    ? "texts that mean the same lie near each other"
    : "a query lies near the documents that answer it";
}

function usage({ onnx, rows, pairs = false, dimension }: ModelCardOptions): string {
  if (pairs) return pairUsage(dimension);
  if (rows !== undefined)
    return `## Use

\`nearmiss eval\`, \`mine\` and \`embed\` take the folder as \`--model\`, for vectors of queries and documents with \`--vectors\`. Anywhere else, \`onnx/model.onnx\` has one input, \`features\` (float32 [batch, inputs]: ${rows}), and one output, \`embedding\`.`;
  const inBrowser = `

In the browser or Node, with transformers.js:

\`\`\`js
import { AutoModel, AutoTokenizer } from "@huggingface/transformers";

const tokenizer = await AutoTokenizer.from_pretrained("path/to/model");
const model = await AutoModel.from_pretrained("path/to/model", { dtype: "fp32" });
const inputs = tokenizer(["how long does it last?"], { padding: true, truncation: true });
const { sentence_embedding } = await model(inputs);
\`\`\``;
  return `## Use

In TypeScript, with nearmiss:

\`\`\`ts
import { load } from "nearmiss";

const model = await load("path/to/model");
const queries = await model.encode(["how long does it last?"], { as: "query" });
const documents = await model.encode(["It lasts two weeks."], { as: "document" });
\`\`\`

In Python, with sentence-transformers:

\`\`\`python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/model")
vectors = model.encode(["how long does it last?", "It lasts two weeks."])
\`\`\`${onnx ? inBrowser : ""}`;
}

function pairUsage(labels: number): string {
  const call = labels === 1 ? "scorePairs" : "classify";
  return `## Use

In TypeScript, with nearmiss:

\`\`\`ts
import { loadCrossEncoder } from "nearmiss";

const model = await loadCrossEncoder("path/to/model");
const scores = await model.${call}([["how long does it last?", "It lasts two weeks."]]);
\`\`\`

In Python, with sentence-transformers:

\`\`\`python
from sentence_transformers import CrossEncoder

model = CrossEncoder("path/to/model")
scores = model.predict([("how long does it last?", "It lasts two weeks.")])
\`\`\``;
}

function results(evaluation: EvaluationResult | null): string {
  if (evaluation === null) return "## Results\n\nThe model has not been evaluated.";
  const { data, systems, comparisons } = evaluation;
  const names = [...new Set(systems.flatMap(({ measures }) => Object.keys(measures)))];
  const rows = systems.map(({ name, measures }) => [
    line(systemName(name)),
    ...names.map((measure) => (measures[measure] === undefined ? "–" : interval(measures[measure]))),
  ]);
  const first = names[0];
  const tests = comparisons
    .filter(({ measure }) => measure === first)
    .map((one) => [
      line(systemName(one.b)),
      measureName(one.measure),
      signed(one.difference),
      pValue(one.p),
      `${one.wins} / ${one.ties} / ${one.losses}`,
    ]);
  const tested = `\n\nThe model against each, by a paired randomisation test:\n\n${table(["against", "measure", "difference", "p", "wins / ties / losses"], tests)}`;
  return `## Results

${line(testBed(data))}; in brackets, 95 % intervals.

${table(["system", ...names.map(measureName)], rows)}${tests.length === 0 ? "" : tested}`;
}

function training({ training }: ModelCardOptions): string {
  const rows = training.map(([name, value]) => [name, typeof value === "number" ? plain(value) : line(value)]);
  return `## Training\n\n${table(["option", "value"], rows)}`;
}

function licence({ licence, data }: ModelCardOptions): string {
  return licence === null
    ? `## Licence\n\nNot stated. It depends on that of the training data (${code(data.source)}): fill in \`license\` above before publishing.`
    : `## Licence\n\n${line(licence)}`;
}

/** A table of cells that are Markdown already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** One line of text in which nothing is markup. */
function line(text: string): string {
  return text
    .replace(/\s+/gu, " ")
    .trim()
    .replace(/[\\`*_[\]<>#]/g, "\\$&");
}

/** Text in a code span; a backtick would end it. */
function code(text: string): string {
  return `\`${text.replace(/\s+/gu, " ").replaceAll("`", "'")}\``;
}

function plain(value: number): string {
  return Number.isInteger(value)
    ? String(value)
    : Math.abs(value) < 0.001
      ? String(value)
      : decimals(value, 4).replace(/0+$/, "");
}
