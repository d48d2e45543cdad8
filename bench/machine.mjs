// What the figures were taken on.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

/** Processes that wanted a core in the minute before this one began: a figure taken beside others' work is not worth much. */
const [load] = loadavg();

/** Processor, features that matter for products, cores and memory. */
export function machine() {
  const flags = processorFlags();
  const known = ["avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16"];
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model ?? "unknown",
    features: known.filter((name) => flags.has(name)),
    missing: flags.size === 0 ? [] : known.filter((name) => !flags.has(name)),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

function processorFlags() {
  try {
    const line = readFileSync("/proc/cpuinfo", "utf8")
      .split("\n")
      .find((text) => text.startsWith("flags"));
    return new Set((line ?? "").split(/\s+/));
  } catch {
    return new Set();
  }
}

/** Median, least and greatest. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, low: sorted[0], high: sorted.at(-1), n: sorted.length };
}

/** The process's greatest resident memory so far, bytes. */
export const peakBytes = () => process.resourceUsage().maxRSS * 1024;

/** Runs a benchmark's own script again with more arguments, so that a measurement has its own memory; returns the JSON it prints. */
export function inOwnProcess(script, args) {
  const done = spawnSync(process.execPath, [fileURLToPath(script), ...process.argv.slice(2), ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 28,
  });
  if (done.status !== 0) throw new Error(`${args.join(" ")} failed`);
  return JSON.parse(done.stdout);
}
