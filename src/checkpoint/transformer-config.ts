import { z } from "zod";
import { inputError } from "../base/errors.js";
import { readBertConfig } from "./bert-config.js";
import { abbreviate, checkShape } from "./json.js";
import { readModernBertConfig } from "./modernbert-config.js";
import type { TransformerConfig } from "./types.js";

type Reader = (file: string, raw: unknown) => TransformerConfig;

const bertLike =
  (family: Exclude<TransformerConfig["family"], "modernbert">): Reader =>
  (file, raw) => ({ family, config: readBertConfig(file, raw, family) });

/** The value of `model_type` → how its configuration is read. */
const READERS: ReadonlyMap<unknown, Reader> = new Map<unknown, Reader>([
  ["bert", bertLike("bert")],
  ["roberta", bertLike("roberta")],
  ["xlm-roberta", bertLike("roberta")],
  ["camembert", bertLike("roberta")],
  ["mpnet", bertLike("mpnet")],
  ["distilbert", bertLike("distilbert")],
  ["electra", bertLike("electra")],
  ["modernbert", (file, raw) => ({ family: "modernbert", config: readModernBertConfig(file, raw) })],
]);

/** Checks config.json. Throws `unsupported-model` for another architecture. */
export function readTransformerConfig(file: string, raw: unknown): TransformerConfig {
  const type = checkShape(file, raw, z.looseObject({}))["model_type"];
  const reader = READERS.get(type);
  if (reader !== undefined) return reader(file, raw);
  throw inputError("unsupported-model", "model_type is not supported", {
    file,
    field: "model_type",
    found: abbreviate(type),
    expected: `one of ${[...READERS.keys()].join(", ")} (or a static embedding model)`,
  });
}

/** How many tokens have a position: where these count from after the padding token, as many fewer. */
export function usablePositions({ family, config }: TransformerConfig): number {
  const before = family === "modernbert" || config.positionsAfter === undefined ? 0 : config.positionsAfter + 1;
  return config.maxPositions - before;
}
