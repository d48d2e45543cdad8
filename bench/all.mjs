// Runs every benchmark and writes docs/benchmarks.md. Takes about two hours and a half on two cores; nothing else should run.
//
//     node bench/all.mjs [MODEL [DATA]] [--threads 2] [--rounds 2] [--repeat 3] [--pairs 4096] [--documents 1000000] [--work DIR] [--only losses,exact,…]
//
// PEER_PYTHON names a Python with the packages of bench/peers/requirements.txt; without it an environment is made beside them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { keep, kept } from "./kept.mjs";
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
    // Where finished parts are kept: a second run there goes on after them.
    work: { type: "string" },
    // Names of the parts to run, parted by commas.
    only: { type: "string" },
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

const work = values.work ?? mkdtempSync(join(tmpdir(), "nearmiss-bench-"));
const wanted = values.only?.split(",");
/** The results of a part; null where it was not asked for and is not kept. */
const part = async (name, ...calls) =>
  wanted !== undefined && !wanted.includes(name)
    ? kept(join(work, `${name}.json`))
    : keep(join(work, `${name}.json`), () => {
        const made = calls.map(([script, args]) => run(script, args));
        return calls.length === 1 ? made[0] : made;
      });

let noPeer = null;
try {
  peerPython();
} catch (error) {
  noPeer = error instanceof Error ? error.message : String(error);
  console.error(`without the peer: ${noPeer}`);
}
const peer = noPeer === null ? [] : ["--no-peer"];
const figure = join(here, "../docs/images/growth.svg");
const profiles = [
  ["0", "float32"],
  ["0.1", "float32"],
  ["0", "int8"],
].map(([dropout, precision]) => [
  "profile.mjs",
  [model, data, ...threads, "--dropout", dropout, "--precision", precision],
]);
const rounds = ["--rounds", values.rounds];
const repeat = ["--repeat", values.repeat];
const results = {
  machine: machine(),
  noPeer,
  losses: await part("losses", ["losses.mjs", [...threads, ...rounds, ...peer]]),
  exact: await part("exact", ["exact.mjs", [...threads, ...repeat, ...peer]]),
  static: await part(
    "static",
    ["static.mjs", [data, ...threads, ...repeat, ...peer]],
    ["static-profile.mjs", [data, ...threads]],
  ),
  fineTuning: await part("fine-tuning", ["minilm-step.mjs", [model, data, ...threads, ...rounds, ...peer]]),
  encoding: await part("encoding", ["encode.mjs", [model, data, ...threads, ...rounds, ...peer]]),
  gradCache: await part("grad-cache", ["gradcache.mjs", [model, data, ...threads, "--pairs", values.pairs, ...peer]]),
  mining: await part("mining", ["mining.mjs", [...threads, "--large", values.documents, ...peer]]),
  growth: await part("growth", ["growth.mjs", [data, ...threads, "--figure", figure]]),
  int8Quality: await part("int8-quality", ["int8-quality.mjs", [model, data, ...threads]]),
  profiles: await part("profiles", ...profiles),
  score: await part("score", ["score.mjs", ["--rounds", values.repeat]]),
  eventLoop: await part("event-loop", ["event-loop.mjs", [model, data, ...threads]]),
};
const out = join(here, "../docs/benchmarks.md");
writeFileSync(out, page(results, existsSync(out) ? readFileSync(out, "utf8") : ""));
console.error(`wrote ${out}`);
