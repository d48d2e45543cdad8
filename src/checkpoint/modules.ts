import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { inputError } from "../base/errors.js";
import type { Warnings } from "../base/warnings.js";
import { insideFolder } from "./inside.js";
import { checkShape, modelError, readJson } from "./json.js";

const KINDS = ["Transformer", "StaticEmbedding", "Pooling", "Dense", "Normalize"] as const;

export interface ModuleEntry {
  readonly kind: (typeof KINDS)[number];
  /** Relative to the model folder; "" is the folder itself. */
  readonly folder: string;
}

const modulesSchema = z.array(z.looseObject({ path: z.string(), type: z.string() })).min(1);

/**
 * The modules of a sentence-transformers folder, in order. A plain transformers folder has no modules.json: it is a transformer alone,
 * with a warning.
 */
export function readModules(path: string, warnings: Warnings): readonly ModuleEntry[] {
  const file = join(path, "modules.json");
  const modules = listModules(path);
  if (modules === null) {
    warnings.add("no-modules-json", `${file} not found: the token vectors are averaged (mean pooling)`);
    return [{ kind: "Transformer", folder: "" }];
  }
  const kinds = modules.map(({ kind }) => kind).join(" ");
  if (!/^(Transformer Pooling|StaticEmbedding)( Dense| Normalize)*$/.test(kinds))
    throw inputError("unsupported-model", "unsupported order of modules", {
      file,
      found: kinds,
      expected: "Transformer and Pooling, or StaticEmbedding; then any Dense and Normalize",
    });
  const folders = modules.filter(({ kind }) => kind !== "Normalize").map(({ folder }) => folder);
  const shared = folders.find((folder, i) => folders.indexOf(folder) < i);
  if (shared !== undefined)
    throw modelError(file, "two modules have the same folder", { field: "path", found: shared === "" ? '""' : shared });
  return modules;
}

/** What modules.json lists; null where there is none. Type names of every version are understood by their last part; nothing named there is ever imported. */
export function listModules(path: string): readonly ModuleEntry[] | null {
  const file = join(path, "modules.json");
  if (!existsSync(file)) {
    if (existsSync(join(path, "config.json"))) return null;
    throw modelError(path, "neither modules.json nor config.json found: this is not a model folder", {
      hint: "name a folder saved by sentence-transformers, transformers or nearmiss",
    });
  }
  return checkShape(file, readJson(file), modulesSchema).map(({ path: named, type }, index): ModuleEntry => {
    const kind = KINDS.find((known) => type.startsWith("sentence_transformers.") && type.endsWith(`.${known}`));
    if (kind === undefined)
      throw inputError("unsupported-model", "unknown module type", {
        file,
        field: `${index}.type`,
        found: type,
        expected: `one of sentence_transformers' ${KINDS.join(", ")}`,
      });
    return { kind, folder: insideFolder(named, file, `${index}.path`) };
  });
}
