import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { loadTypescript } from "../data/typescript-parser.js";
import { formatBytes } from "./format.js";

/** One thing that doctor looked at. `detail` is equal on every run on the same machine. */
export interface Check {
  readonly name: string;
  readonly status: "ok" | "warn" | "fail";
  /** What was found, and what to do where that is not well. */
  readonly detail: string;
}

/** Node 20.19 is the first that all dependencies run on. */
export function nodeCheck(version: string = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return {
    name: "node",
    status: enough ? "ok" : "fail",
    detail: enough ? version : `${version}: nearmiss needs Node 20.19 or newer; install it from nodejs.org`,
  };
}

/** onnxruntime-node has binaries for x64 and arm64, except for Macs with Intel processors. */
export function platformCheck(platform: string = process.platform, architecture: string = process.arch): Check {
  const name = `${platform}-${architecture}`;
  const binaries = ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64", "win32-arm64"];
  if (binaries.includes(name)) return { name: "platform", status: "ok", detail: name };
  const why =
    name === "darwin-x64"
      ? "onnxruntime has no binary for Intel Macs: use a Mac with Apple silicon, Linux or Windows"
      : `onnxruntime has binaries for ${binaries.join(", ")}`;
  return { name: "platform", status: "fail", detail: `${name}: ${why}` };
}

/** Features of x86 that decide the speed of matrix products, named as /proc/cpuinfo names them. */
const features = [
  ["avx2", /\bavx2\b/],
  ["avx512", /\bavx512f\b/],
  ["vnni", /\bavx(512)?_vnni\b/],
  ["amx", /\bamx_tile\b/],
] as const;

/** `cpuinfo` is the text of /proc/cpuinfo, which other systems than Linux do not have. */
export function processorCheck(cpuinfo: string | null = readCpuinfo(), architecture: string = process.arch): Check {
  const model = cpus()[0]?.model.trim() || "unknown model";
  if (cpuinfo === null || architecture !== "x64") {
    return { name: "processor", status: "ok", detail: `${model}; features unknown` };
  }
  const flags = /^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? "";
  const described = features.map(([name, pattern]) => `${name} ${pattern.test(flags) ? "yes" : "no"}`).join(", ");
  const slow = !/\bavx2\b/.test(flags);
  return {
    name: "processor",
    status: slow ? "warn" : "ok",
    detail: `${model}; ${described}${slow ? ": without AVX2 training is several times slower" : ""}`,
  };
}

/** `asked` is `--threads`. */
export function threadsCheck(asked: number | undefined, available: number = availableParallelism()): Check {
  const detail = `${asked ?? available} of ${available}`;
  return asked !== undefined && asked > available
    ? { name: "threads", status: "warn", detail: `${detail}: more threads than cores make the work slower` }
    : { name: "threads", status: "ok", detail };
}

const gigabyte = 2 ** 30;

/** Memory that this process may use: the machine's, or less inside a container. */
export function memoryCheck(total: number = usableMemory()): Check {
  const detail = formatBytes(total);
  return total < 2 * gigabyte
    ? { name: "memory", status: "warn", detail: `${detail}: enough for static models; transformers want 2 GB or more` }
    : { name: "memory", status: "ok", detail };
}

/** Whether the cache folder, or the nearest folder above it, can be written and has room. */
export function cacheCheck(folder: string, free: number | null = freeBytes(folder)): Check {
  const name = "cache";
  try {
    const existing = nearestFolder(folder);
    if (!statSync(existing).isDirectory()) throw new Error(`${existing} is a file`);
    accessSync(existing, constants.W_OK);
  } catch {
    return {
      name,
      status: "fail",
      detail: `${folder} cannot be written: choose another with --cache or NEARMISS_CACHE`,
    };
  }
  return free !== null && free < gigabyte
    ? { name, status: "warn", detail: `${folder} has less than 1 GB left: make room or choose another with --cache` }
    : { name, status: "ok", detail: folder };
}

/** Bytes left where the folder is or would be; null where the system does not tell. */
export function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(nearestFolder(folder));
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** TypeScript is wanted only for reading code bases. */
export function typescriptCheck(): Check {
  try {
    return { name: "typescript", status: "ok", detail: loadTypescript(process.cwd()).version };
  } catch {
    const detail = "not installed: npm install typescript, if you want to train on a TypeScript code base";
    return { name: "typescript", status: "warn", detail };
  }
}

function readCpuinfo(): string | null {
  return existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : null;
}

function usableMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

function nearestFolder(folder: string): string {
  let current = resolve(folder);
  while (!existsSync(current) && dirname(current) !== current) current = dirname(current);
  return current;
}
