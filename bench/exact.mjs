// Exact nearest neighbours: 100,000 documents of 384 dimensions, k = 100, queries in batches of 200, found by float32 and by 8-bit products, against the bare
// matrix product on the same engine, usearch's exact search where the package is there, and FAISS flat where PEER_PYTHON has it. The sides take turns.
//
//     node bench/exact.mjs [--documents 100000] [--dimension 384] [--k 100] [--batch 200] [--batches 5] [--repeat 3] [--threads 2] [--no-peer]
import { isDeepStrictEqual, parseArgs } from "node:util";
import { rng } from "#nearmiss/base/rng.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { createExactIndex } from "#nearmiss/search/exact.js";
import { openProducts } from "#nearmiss/search/products.js";
import { vectorSource } from "#nearmiss/search/vector-source.js";
import { machine, peakBytes, spread } from "./machine.mjs";
import { runPeer } from "./peers/setup.mjs";

const { values } = parseArgs({
  options: {
    documents: { type: "string", default: "100000" },
    dimension: { type: "string", default: "384" },
    k: { type: "string", default: "100" },
    batch: { type: "string", default: "200" },
    batches: { type: "string", default: "5" },
    repeat: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    peer: { type: "boolean", default: true },
  },
  allowNegative: true,
});
const [documents, dimension, k, batch, batches, repeat, threads] = [
  values.documents,
  values.dimension,
  values.k,
  values.batch,
  values.batches,
  values.repeat,
  values.threads,
].map(Number);

const centreDraws = rng(1, "bench", "centres");
const centres = Float32Array.from({ length: 256 * dimension }, () => centreDraws.normal());
/** Unit vectors around seeded centres, queries around the same as documents. */
function clustered(count, name) {
  const random = rng(1, "bench", name);
  const data = new Float32Array(count * dimension);
  for (let row = 0; row < count; row++) {
    const centre = random.int(256) * dimension;
    let squares = 0;
    for (let i = 0; i < dimension; i++) {
      const value = centres[centre + i] + 1.2 * (random.float() * 2 - 1);
      data[row * dimension + i] = value;
      squares += value * value;
    }
    for (let i = 0; i < dimension; i++) data[row * dimension + i] /= Math.sqrt(squares);
  }
  return data;
}

const corpus = clustered(documents, "documents");
const asked = Array.from({ length: batches }, (_, i) => clustered(batch, `queries ${i}`));
const ids = Array.from({ length: documents }, (_, i) => String(i).padStart(8, "0"));
const engine = await createEngine({ threads });

/** Seconds that `work` takes for all batches. */
async function timed(work) {
  const started = performance.now();
  for (const queries of asked) await work(queries);
  return (performance.now() - started) / 1000;
}

const products = await openProducts(dimension, engine);
const blocks = [];
for (let start = 0; start < documents; start += 2048)
  blocks.push(await products.hold(corpus.slice(start * dimension, (start + 2048) * dimension)));
const bare = async (queries) => {
  for (const block of blocks) await block.product(queries);
};
const indexOf = (precision) =>
  createExactIndex(vectorSource(ids, corpus, dimension), { engine, similarity: "cosine", precision });
const [float32, int8] = [await indexOf("float32"), await indexOf("int8")];
const search = (queries) => float32.search(queries, k);
const searchInt8 = (queries) => int8.search(queries, k);

await bare(asked[0]);
let certified = true;
for (const queries of asked) certified &&= isDeepStrictEqual(await search(queries), await searchInt8(queries));
const seconds = { bare: [], nearmiss: [], int8: [], usearch: [] };
let usearch = null;
if (values.peer) {
  const loaded = await import("usearch").catch(() => null);
  if (loaded !== null)
    usearch = async (queries) => loaded.exactSearch(corpus, queries, dimension, k, loaded.MetricKind.IP, threads);
}
for (let run = 0; run < repeat; run++) {
  seconds.bare.push(await timed(bare));
  seconds.nearmiss.push(await timed(search));
  seconds.int8.push(await timed(searchInt8));
  if (usearch !== null) seconds.usearch.push(await timed(usearch));
}
await engine.close();
const faiss = values.peer
  ? runPeer("faiss_flat.py", { documents, dimension, k, batch, batches, repeat, threads }, threads)
  : null;
const ratio = (theirs, ours = seconds.nearmiss) =>
  theirs.length === 0 ? null : spread(theirs.map((one, i) => one / ours[i]));
const rate = (all) => (all.length === 0 ? null : spread(all.map((one) => (batch * batches) / one)));
console.log(
  JSON.stringify(
    {
      name: "exact",
      machine: machine(),
      threads,
      documents,
      dimension,
      k,
      batch,
      queriesASecond: {
        bare: rate(seconds.bare),
        nearmiss: rate(seconds.nearmiss),
        int8: rate(seconds.int8),
        usearch: rate(seconds.usearch),
        faiss: faiss?.queriesASecond ?? null,
      },
      peakBytes: peakBytes(),
      ofTheBareProduct: ratio(seconds.bare),
      timesUsearch: ratio(seconds.usearch),
      int8OfTheBareProduct: ratio(seconds.bare, seconds.int8),
      int8TimesFloat32: ratio(seconds.nearmiss, seconds.int8),
      /** The int8 search found the same hits with the same scores, to the bit. */
      certified,
    },
    null,
    2,
  ),
);
