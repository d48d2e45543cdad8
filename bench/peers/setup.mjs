// Makes the Python environment that the peers run in, once, beside this file; or uses the one that PEER_PYTHON names.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** The path of a Python that has torch and sentence-transformers. */
export function peerPython() {
  const named = process.env.PEER_PYTHON;
  if (named) return named;
  const python = join(here, ".venv/bin/python");
  if (existsSync(python)) return python;
  run("python3", ["-m", "venv", join(here, ".venv")]);
  run(python, ["-m", "pip", "install", "--quiet", "-r", join(here, "requirements.txt")]);
  return python;
}

/** Runs a peer's script with JSON on standard input and returns the JSON object of its last line. */
export function runPeer(script, request, threads) {
  const done = spawnSync(peerPython(), [join(here, script)], {
    input: JSON.stringify(request),
    encoding: "utf8",
    maxBuffer: 1 << 30,
    env: {
      ...process.env,
      OMP_NUM_THREADS: String(threads),
      RAYON_NUM_THREADS: String(threads),
      HF_HUB_OFFLINE: "1",
    },
  });
  if (done.status !== 0) throw new Error(`${script} failed:\n${done.stderr}`);
  return JSON.parse(done.stdout.trim().split("\n").at(-1));
}

function run(command, args) {
  const done = spawnSync(command, args, { stdio: "inherit" });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
}
