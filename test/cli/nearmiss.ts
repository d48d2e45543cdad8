import { spawn, spawnSync } from "node:child_process";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { main } from "#nearmiss/cli/program.js";

const root = new URL("../../", import.meta.url);
const bin = fileURLToPath(new URL("dist/cli/bin.js", root));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the compiled command as a user does. */
export function nearmiss(argv: readonly string[], options: { cwd?: string; input?: string } = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], { encoding: "utf8", ...options });
  return { code: status, out: stdout, err: stderr };
}

/** The same in this process, which has all loaded: for what a command does, not for how a process ends. */
export async function nearmissHere(argv: readonly string[]): Promise<Ran> {
  const [out, err] = [collector(), collector()];
  const code = await main(argv, { out: out.stream, err: err.stream });
  return { code, out: out.text(), err: err.text() };
}

/** A stream that is no terminal and keeps what is written. */
function collector() {
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

/** The same without holding up this process, which may be the server that the command asks. */
export async function nearmissBeside(argv: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [bin, ...argv]);
  const [out, err] = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  const code = await new Promise<number | null>((done) => child.on("close", done));
  return { code, out: (await out)?.join("") ?? "", err: (await err)?.join("") ?? "" };
}

/** Runs a module of code that imports from `dist/` (as `DIST`), sends it signals when it says so, and waits for its end. */
export function script(
  code: string,
  onError: (text: string, send: (signal: NodeJS.Signals) => void) => void,
): Promise<Ran> {
  const text = code.replaceAll("DIST", new URL("dist", root).href);
  const child = spawn(process.execPath, ["--input-type=module", "-e", text]);
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
    onError(err, (signal) => child.kill(signal));
  });
  return new Promise((done) => child.on("close", (status) => done({ code: status, out, err })));
}
