// Mining from given vectors: seeded and clustered, a document near each query, the nearest others as negatives; against sentence-transformers'
// mine_hard_negatives on the same files, with FAISS and without, each side in a process of its own. Reading, mining and writing are timed.
//
//     node bench/mining.mjs [--pairs 100000] [--dimension 384] [--count 3] [--depth 10] [--index int8] [--repeat 1] [--threads 2] [--no-peer] [--large 1000000]
//
// --large: one more run over so many documents with --index hnsw, for --large-queries of them (default 100000), in half precision.
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rng } from "#nearmiss/base/rng.js";
import { mineToFile } from "../dist/main.js";
import { inOwnProcess, machine, peakBytes, spread } from "./machine.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "100000" },
    dimension: { type: "string", default: "384" },
    count: { type: "string", default: "3" },
    depth: { type: "string", default: "10" },
    index: { type: "string", default: "int8" },
    repeat: { type: "string", default: "1" },
    threads: { type: "string", default: "2" },
    peer: { type: "boolean", default: true },
    large: { type: "string", default: "0" },
    "large-queries": { type: "string", default: "100000" },
    // Of the measured process.
    mine: { type: "string" },
    with: { type: "string" },
  },
  allowNegative: true,
});
const [pairs, dimension, count, depth, repeat, threads] = [
  values.pairs,
  values.dimension,
  values.count,
  values.depth,
  values.repeat,
  values.threads,
].map(Number);

if (values.mine !== undefined) {
  const at = (name) => join(values.mine, name);
  const started = performance.now();
  const { rows, queries, index } = await mineToFile({
    data: existsSync(at("pairs.jsonl")) ? at("pairs.jsonl") : values.mine,
    vectors: { queries: at("queries.npy"), documents: at("documents.npy") },
    sampler: "top-k",
    candidates: "corpus",
    out: at("mined.jsonl"),
    index: { kind: values.with },
    count,
    depth,
    threads,
  });
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, peakBytes: peakBytes(), rows, queries, index }));
} else {
  const small = measured(pairs, pairs, values.index, "<f4");
  const large = Number(values.large);
  console.log(
    JSON.stringify(
      {
        name: "mining",
        machine: machine(),
        threads,
        dimension,
        count,
        depth,
        index: values.index,
        pairs,
        ...small,
        large: large === 0 ? null : measured(large, Math.min(large, Number(values["large-queries"])), "hnsw", "<f2"),
      },
      null,
      2,
    ),
  );
}

/** `queries` pairs among so many documents, mined by this side, and in float32 by the peer. */
function measured(documents, queries, index, type) {
  const folder = mkdtempSync(join(tmpdir(), "nearmiss-mining-"));
  const at = (name) => join(folder, name);
  try {
    writeData(at, documents, queries, type);
    const withPeer = values.peer && type === "<f4";
    const forms = withPeer ? { faiss: [], torch: [] } : {};
    const own = [];
    let agreement = null;
    for (let run = 0; run < repeat; run++) {
      own.push(inOwnProcess(import.meta.url, ["--mine", folder, "--with", index]));
      for (const form of Object.keys(forms)) {
        const files = { queries: at("queries.npy"), documents: at("documents.npy"), pairs: at("pairs.jsonl") };
        const theirs = runPeer("mine.py", { ...files, count, depth, threads, faiss: form === "faiss" }, threads);
        forms[form].push(theirs);
        agreement = agreementOf(at("mined.jsonl"), theirs.sample);
      }
    }
    const of = (runs, key) => spread(runs.map((run) => run[key]));
    const figures = (runs) => ({ seconds: of(runs, "seconds"), peakBytes: of(runs, "peakBytes") });
    const peers = Object.entries(forms).map(([form, runs]) => ({
      form,
      ...figures(runs),
      timesFaster: spread(runs.map(({ seconds }, i) => seconds / own[i].seconds)),
      timesLessMemory: spread(runs.map((run, i) => run.peakBytes / own[i].peakBytes)),
    }));
    const { rows, index: report } = own[0];
    return { documents, queries, rows, nearmiss: figures(own), report, peers, agreement };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The share of a peer's negatives that this side drew, too. */
function agreementOf(path, sample) {
  const own = new Map();
  for (const line of readFileSync(path, "utf8").trim().split("\n").slice(0, 3000)) {
    const { query, negative } = JSON.parse(line);
    own.set(query, [...(own.get(query) ?? []), negative]);
  }
  const both = Object.entries(sample).filter(([query]) => own.has(query));
  const hits = both.flatMap(([query, negatives]) => negatives.map((one) => Number(own.get(query).includes(one))));
  return hits.length === 0 ? null : hits.reduce((a, b) => a + b, 0) / hits.length;
}

/** Unit vectors around seeded centres, a few hundred documents each; query i is near document i. Written row by row. */
function writeData(at, documents, queries, type) {
  const centreDraws = rng(1, "bench", "centres");
  const centreCount = Math.max(2, Math.round(documents / 400));
  const centres = Float32Array.from({ length: centreCount * dimension }, () => centreDraws.normal());
  const random = rng(1, "bench", "mining");
  const files = [
    ["documents.npy", documents],
    ["queries.npy", queries],
  ].map(([name, rows]) => {
    const file = openSync(at(name), "w");
    const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${rows}, ${dimension}), }`.padEnd(117);
    writeSync(
      file,
      Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]), Buffer.from(`${text}\n`)]),
    );
    return file;
  });
  const unit = (row) => {
    let squares = 0;
    for (const value of row) squares += value * value;
    const factor = 1 / Math.sqrt(squares);
    return row.map((value) => value * factor);
  };
  const bytes = (row) => new Uint8Array((type === "<f2" ? Uint16Array.from(row, toHalf) : row).buffer);
  for (let i = 0; i < documents; i++) {
    const centre = random.int(centreCount) * dimension;
    const document = unit(
      Float32Array.from({ length: dimension }, (_, j) => centres[centre + j] + 1.2 * (2 * random.float() - 1)),
    );
    writeSync(files[0], bytes(document));
    if (i < queries) {
      const nudge = 1 / Math.sqrt(dimension);
      writeSync(files[1], bytes(unit(document.map((value) => value + nudge * (2 * random.float() - 1)))));
    }
  }
  for (const file of files) closeSync(file);
  const write = (path, count, lineOf) => {
    const file = openSync(at(path), "w");
    for (let i = 0; i < count; i++) writeSync(file, `${lineOf(i)}\n`);
    closeSync(file);
  };
  if (documents === queries) {
    const pair = (i) => ({ query: `query ${i}`, positive: `document ${i}`, query_id: `q${i}`, positive_id: `d${i}` });
    write("pairs.jsonl", queries, (i) => JSON.stringify(pair(i)));
    return;
  }
  mkdirSync(at("qrels"));
  write("corpus.jsonl", documents, (i) => JSON.stringify({ _id: `d${i}`, text: `document ${i}` }));
  write("queries.jsonl", queries, (i) => JSON.stringify({ _id: `q${i}`, text: `query ${i}` }));
  write("qrels/train.tsv", queries + 1, (i) => (i === 0 ? "query-id\tcorpus-id\tscore" : `q${i - 1}\td${i - 1}\t1`));
}

/** The bits of the nearest IEEE 754 binary16 number; for values below 1 that are not subnormal. */
function toHalf(value) {
  const word = new Uint32Array(Float32Array.of(value).buffer)[0];
  const exponent = ((word >>> 23) & 255) - 112;
  const sign = (word >>> 16) & 0x8000;
  return exponent <= 0 ? sign : sign | ((((exponent << 23) | (word & 0x7fffff)) + 0x1000) >>> 13);
}
