// Encoding texts with a BERT encoder in float32 and with 8-bit products, against sentence-transformers in float32 and bfloat16, on the
// same texts and threads. How near the vectors are, and what retrieval loses, is told beside. The sides take turns; every measurement is
// a process of its own.
//
//     node bench/encode.mjs [MODEL [DATA]] [--documents 1500] [--queries 300] [--rounds 2] [--threads 2] [--no-peer]
import { parseArgs } from "node:util";
import { loadData } from "nearmiss";
import { rng, shuffle } from "#nearmiss/base/rng.js";
import { relevant, splitOf } from "#nearmiss/data/splits.js";
import { load } from "#nearmiss/front/load.js";
import { inOwnProcess, machine, peakBytes, spread } from "./machine.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    documents: { type: "string", default: "1500" },
    queries: { type: "string", default: "300" },
    rounds: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
    split: { type: "string", default: "test" },
    peer: { type: "boolean", default: true },
    // Inside: the one precision that this process measures.
    measure: { type: "string" },
  },
});
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const data = await loadData(positionals[1] ?? "../shared/data/medquad");
const threads = Number(values.threads);

// Queries with a relevant document, these documents, and others that are not.
const { judgements } = splitOf(data, values.split);
const queries = shuffle([...judgements.keys()], rng(1, "queries"))
  .filter((id) => relevant(judgements.get(id)).length > 0)
  .slice(0, Number(values.queries));
const wanted = new Set(queries.flatMap((id) => relevant(judgements.get(id))));
const others = shuffle([...data.documents.keys()], rng(1, "documents")).filter((id) => !wanted.has(id));
const documents = [...wanted, ...others.slice(0, Math.max(0, Number(values.documents) - wanted.size))];
const documentTexts = documents.map((id) => data.documents.get(id).text);
const queryTexts = queries.map((id) => data.queries.get(id).text);

async function ours(precision) {
  const opened = await load(model, { threads, precision });
  await opened.encode(documentTexts.slice(0, 32));
  const started = performance.now();
  const { data: vectors, dimension } = await opened.encode(documentTexts);
  const seconds = (performance.now() - started) / 1000;
  const asked = await opened.encode(queryTexts, { as: "query" });
  const tokens = documentTexts.reduce((sum, text) => sum + opened.sequence(text, "document").ids.length, 0);
  await opened.close();
  const base64 = (floats) => Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength).toString("base64");
  const found = { documents: base64(vectors), queries: base64(asked.data) };
  return { seconds, tokens, dimension, peakBytes: peakBytes(), vectors: found };
}

const floats = (text) => new Float32Array(new Uint8Array(Buffer.from(text, "base64")).buffer);
const dot = (a, i, b, j, width) => {
  let sum = 0;
  for (let k = 0; k < width; k++) sum += a[i * width + k] * b[j * width + k];
  return sum;
};

/** nDCG@10 with binary gains over the encoded documents. */
function ndcg({ vectors, dimension }) {
  const [docs, asked] = [floats(vectors.documents), floats(vectors.queries)];
  const gains = queries.map((id, q) => {
    const right = new Set(relevant(judgements.get(id)));
    const scores = documents.map((document, d) => ({ document, score: dot(asked, q, docs, d, dimension) }));
    scores.sort((a, b) => b.score - a.score || (a.document < b.document ? -1 : 1));
    const gain = scores
      .slice(0, 10)
      .reduce((sum, { document }, i) => sum + (right.has(document) ? 1 / Math.log2(i + 2) : 0), 0);
    const ideal = Array.from({ length: Math.min(10, right.size) }, (_, i) => 1 / Math.log2(i + 2)).reduce(
      (a, b) => a + b,
      0,
    );
    return gain / ideal;
  });
  return gains.reduce((a, b) => a + b, 0) / gains.length;
}

/** Cosines of the same texts' vectors in two precisions. */
function nearness(a, b) {
  const [x, y] = [floats(a.vectors.documents), floats(b.vectors.documents)];
  const { dimension } = a;
  const cosines = documents
    .map((_, i) => dot(x, i, y, i, dimension) / Math.sqrt(dot(x, i, x, i, dimension) * dot(y, i, y, i, dimension)))
    .sort((p, q) => p - q);
  return {
    mean: cosines.reduce((p, q) => p + q, 0) / cosines.length,
    firstPercentile: cosines[Math.floor(cosines.length / 100)],
    least: cosines[0],
  };
}

if (values.measure !== undefined) console.log(JSON.stringify(await ours(values.measure)));
else {
  const own = { float32: [], int8: [] };
  const peer = { float32: [], bfloat16: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const precision of Object.keys(own))
      own[precision].push(inOwnProcess(import.meta.url, ["--measure", precision]));
    for (const precision of values.peer ? Object.keys(peer) : [])
      peer[precision].push(
        runPeer("encode.py", { model, texts: documentTexts, precision, threads, batchSize: 32 }, threads),
      );
  }
  const figures = (rounds) => ({
    seconds: spread(rounds.map(({ seconds }) => seconds)),
    tokensPerSecond: spread(rounds.map(({ seconds }) => own.float32[0].tokens / seconds)),
    peakBytes: Math.max(...rounds.map((round) => round.peakBytes)),
  });
  const ratio = (slow, fast) => spread(fast.map(({ seconds }, i) => slow[i].seconds / seconds));
  const result = {
    name: "encode",
    machine: machine(),
    threads,
    documents: documents.length,
    queries: queries.length,
    tokens: own.float32[0].tokens,
    nearmiss: Object.fromEntries(
      Object.entries(own).map(([precision, rounds]) => [
        precision,
        {
          ...figures(rounds),
          ndcg: ndcg(rounds[0]),
          ...(precision === "float32"
            ? {}
            : { toOwnFloat32: ratio(own.float32, rounds), cosineToFloat32: nearness(own.float32[0], rounds[0]) }),
          ratios: Object.fromEntries(
            Object.entries(peer).flatMap(([kind, found]) => (found.length === 0 ? [] : [[kind, ratio(found, rounds)]])),
          ),
        },
      ]),
    ),
    peers: Object.fromEntries(
      Object.entries(peer).flatMap(([kind, found]) =>
        found.length === 0 ? [] : [[kind, { ...figures(found), versions: found[0].versions }]],
      ),
    ),
  };
  console.log(JSON.stringify(result, null, 2));
}
