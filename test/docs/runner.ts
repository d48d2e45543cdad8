import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import ts from "typescript";
import { type Block, root } from "./blocks.js";
import { writeData } from "./data.js";

/** A folder as a reader of the pages has it: nearmiss installed, data beside it. */
export function readersFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nearmiss-docs-"));
  mkdirSync(join(folder, "node_modules/@huggingface"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  symlinkSync(root, join(folder, "node_modules/nearmiss"));
  for (const name of ["typescript", "@types", "@huggingface/transformers", "zod"]) {
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  // npx looks into the registry for what it does not find; here it is the compiled command and nothing else.
  const npx = join(folder, "bin/npx");
  writeFileSync(
    npx,
    `#!/bin/sh\n[ "$1" = nearmiss ] || exit 127\nshift\nexec "${process.execPath}" "${root}dist/cli/bin.js" "$@"\n`,
  );
  chmodSync(npx, 0o755);
  writeFileSync(join(folder, "package.json"), '{ "name": "reader", "private": true, "type": "module" }\n');
  writeData(folder);
  return folder;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a block of sh, ts, js or python in a folder; what is typed is checked first. */
export function runBlock({ language, text, line }: Block, folder: string): Ran {
  if (language === "sh") return run("bash", ["-euo", "pipefail", "-c", text], folder);
  if (language === "python") return run(process.env["PEER_PYTHON"] as string, ["-c", text], folder);
  const file = join(folder, `block-${line}.${language}`);
  writeFileSync(file, text);
  if (language === "ts") compile(file);
  return run(process.execPath, [file.replace(/\.ts$/, ".js")], folder);
}

function run(command: string, argv: readonly string[], cwd: string): Ran {
  const { status, stdout, stderr } = spawnSync(command, argv, {
    cwd,
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: `${join(cwd, "bin")}${delimiter}${process.env["PATH"]}`,
      NEARMISS_CACHE: join(cwd, "cache"),
      HF_HUB_OFFLINE: "1",
    },
  });
  return { code: status, out: stdout, err: stderr };
}

function compile(file: string): void {
  const program = ts.createProgram([file], {
    strict: true,
    noUncheckedIndexedAccess: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    skipLibCheck: true,
  });
  const { diagnostics } = program.emit();
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (found.length === 0) return;
  throw new Error(
    ts.formatDiagnostics(found, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => "",
      getNewLine: () => "\n",
    }),
  );
}
