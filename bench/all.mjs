// Runs every benchmark and writes docs/benchmarks.md. Takes about half an hour on two cores; nothing else should run.
//
//     node bench/all.mjs [MODEL [DATA]] [--threads 2] [--rounds 2] [--repeat 3] [--pairs 4096] [--documents 1000000] [--results FILE]
//
// PEER_PYTHON names a Python with the packages of bench/peers/requirements.txt; without it an environment is made beside them.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine } from "./machine.mjs";
import { page } from "./page.mjs";
import { peerPython } from "./peers/setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "2" },
    repeat: { type: "string", default: "3" },
    // Of the large batch.
    pairs: { type: "string", default: "4096" },
    // Of the large run of mining; 0: none.
    documents: { type: "string", default: "1000000" },
    results: { type: "string" },
  },
});
const here = dirname(fileURLToPath(import.meta.url));
const model = positionals[0] ?? "../shared/pretrained/models/all-MiniLM-L6-v2";
const data = positionals[1] ?? "../shared/data/medquad";
const threads = ["--threads", values.threads];

function run(script, args) {
  console.error(`${script} ${args.join(" ")}`);
  const done = spawnSync(process.execPath, [join(here, script), ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  if (done.status !== 0) throw new Error(`${script} failed`);
  return JSON.parse(done.stdout);
}

let noPeer = null;
try {
  peerPython();
} catch (error) {
  noPeer = error instanceof Error ? error.message : String(error);
  console.error(`without the peer: ${noPeer}`);
}
const peer = noPeer === null ? [] : ["--no-peer"];
const results = {
  date: new Date().toISOString().slice(0, 10),
  machine: machine(),
  noPeer,
  fineTuning: run("minilm-step.mjs", [model, data, ...threads, "--rounds", values.rounds, ...peer]),
  encoding: run("encode.mjs", [model, data, ...threads, "--rounds", values.rounds, ...peer]),
  static: run("static.mjs", [data, ...threads, "--repeat", values.repeat, ...peer]),
  staticProfile: run("static-profile.mjs", [data, ...threads]),
  gradCache: run("gradcache.mjs", [model, data, ...threads, "--pairs", values.pairs, ...peer]),
  growth: run("growth.mjs", [data, ...threads, "--figure", join(here, "../docs/images/growth.svg")]),
  profiles: [
    ["0", "float32"],
    ["0.1", "float32"],
    ["0", "int8"],
  ].map(([rate, precision]) =>
    run("profile.mjs", [model, data, ...threads, "--dropout", rate, "--precision", precision]),
  ),
  losses: run("losses.mjs", [...threads, "--rounds", values.rounds, ...peer]),
  exact: run("exact.mjs", [...threads, "--repeat", values.repeat, ...peer]),
  mining: run("mining.mjs", [...threads, "--large", values.documents, ...peer]),
  score: run("score.mjs", ["--rounds", values.repeat]),
  eventLoop: run("event-loop.mjs", [model, data, ...threads]),
};
if (values.results !== undefined) writeFileSync(values.results, JSON.stringify(results, null, 2));
const out = join(here, "../docs/benchmarks.md");
writeFileSync(out, page(results));
console.error(`wrote ${out}`);
