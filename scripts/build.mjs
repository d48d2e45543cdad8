// Compiles src/ to dist/: WebAssembly kernels first (AssemblyScript), then TypeScript. Both are skipped when nothing changed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);

/** Runs a tool that is a script of a package, with this very Node. */
function tool(script, args) {
  const done = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

const kernels = join(root, "src/engine/kernels");
if (existsSync(kernels)) {
  const asc = join(dirname(require.resolve("assemblyscript/package.json")), "bin/asc.js");
  const out = join(root, "dist/engine/kernels");
  mkdirSync(out, { recursive: true });
  for (const file of readdirSync(kernels).filter((name) => name.endsWith(".ts"))) {
    const source = join(kernels, file);
    // Over memory of one thread, and over memory that threads share.
    for (const [ending, options] of [
      [".wasm", []],
      [".shared.wasm", ["--enable", "threads", "--sharedMemory", "--maximumMemory", "65536"]],
    ]) {
      const target = join(out, file.replace(/\.ts$/, ending));
      if (existsSync(target) && statSync(target).mtimeMs > statSync(source).mtimeMs) continue;
      const plain = ["-O3", "--runtime", "stub", "--enable", "simd", "--importMemory", "--noExportMemory"];
      tool(asc, [source, "--outFile", target, ...plain, ...options]);
    }
  }
}
tool(join(dirname(require.resolve("typescript/package.json")), "bin/tsc"), [
  "-p",
  join(root, "tsconfig.json"),
  "--incremental",
  "--tsBuildInfoFile",
  join(root, "dist/.tsbuildinfo"),
]);
