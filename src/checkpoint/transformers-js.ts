import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../base/files.js";
import { canonicalJson } from "../base/fingerprint.js";
import type { Warnings } from "../base/warnings.js";
import { jsonText, readJson } from "./json.js";
import type { JsonObject, ModelDescription, StaticConfig, Tokens, TransformerConfig } from "./types.js";

/** Of a model, what decides these files. */
export type TokenModel = Tokens & TokenNetwork;
type TokenNetwork = TransformerConfig | { readonly family: "static"; readonly config: StaticConfig };

/**
 * The files in a model folder's root that transformers.js reads beside `onnx/model.onnx`, by name. It knows neither modules.json nor
 * sentence_bert_config.json, so that the tokenizer's own files must say the greatest length and which special tokens are put around a
 * text. sentence-transformers goes by modules.json and opens the same folder.
 */
export function transformersJsFiles(model: TokenModel): ReadonlyMap<string, string | Uint8Array> {
  const config =
    model.family !== "static"
      ? asFloat32(model.configText ?? "{}")
      : jsonText({
          architectures: ["StaticEmbedding"],
          hidden_size: model.config.dimension,
          model_type: "static-embedding",
          vocab_size: model.config.vocabSize,
        });
  const kept = (name: string, value: JsonObject): string | Uint8Array => {
    const bytes = model.tokenizerFiles.get(name);
    return bytes !== undefined && same(JSON.parse(Buffer.from(bytes).toString("utf8")), value)
      ? bytes
      : jsonText(value);
  };
  return new Map([
    ["config.json", config],
    ["tokenizer.json", kept("tokenizer.json", tokenizer(model))],
    ["tokenizer_config.json", kept("tokenizer_config.json", tokenizerConfig(model))],
  ]);
}

/**
 * Adds what transformers.js needs to a folder and changes nothing that is there. Where a text would be cut into other tokens there than
 * here, or pooled otherwise, adds the warning `transformers-js`.
 */
export function completeForTransformersJs(
  root: string,
  model: TokenModel & Partial<Pick<ModelDescription, "pooling" | "prompts">>,
  warnings: Warnings,
): void {
  const warn = (message: string) =>
    warnings.add("transformers-js", `vectors in transformers.js will differ: ${message}`);
  const elsewhere = "export to NEW/onnx/model.onnx for a folder where this is right";
  for (const [name, content] of transformersJsFiles(model)) {
    const file = join(root, name);
    if (!existsSync(file)) {
      writeFileAtomic(file, content);
      continue;
    }
    const found = readJson(file) as JsonObject;
    const wanted = JSON.parse(Buffer.from(content).toString("utf8")) as JsonObject;
    if (name === "tokenizer.json" && !same(found, wanted))
      warn(
        model.family === "static"
          ? `${file} puts special tokens around a text, which this model does not use; call the tokenizer with add_special_tokens: false, or ${elsewhere}`
          : `${file} does not lower-case, but this model does; ${elsewhere}`,
      );
    if (name === "tokenizer_config.json" && found["model_max_length"] !== wanted["model_max_length"])
      warn(
        `${file} does not cut texts where the model does: model_max_length is ${found["model_max_length"] ?? "absent"}, the model takes ${model.maxLength ?? "any number of"} tokens; ${elsewhere}`,
      );
  }
  if (model.pooling?.includePrompt === false && model.prompts !== undefined && model.prompts.size > 0)
    warn("the graph cannot tell a prompt's tokens, which this model leaves out of the pooling, from the text's");
}

/** A static model has no other place that says where to cut a text. */
function tokenizer({ family, maxLength, tokenizerJson: json }: TokenModel): JsonObject {
  const before = (json["truncation"] ?? null) as JsonObject | null;
  if (family !== "static" || (before?.["max_length"] ?? null) === maxLength) return json;
  const cut = { direction: "Right", strategy: "LongestFirst", stride: 0, ...before, max_length: maxLength };
  return { ...json, truncation: maxLength === null ? null : cut };
}

/** Whatever the file said of the length, the model's own; and what a static model's folder may lack, since its module needs no configuration. */
function tokenizerConfig({ family, maxLength, tokenizerConfig, tokenizerJson }: TokenModel): JsonObject {
  const { model_max_length: _, ...others } = tokenizerConfig;
  const sized = maxLength === null ? others : { ...tokenizerConfig, model_max_length: maxLength };
  return family === "static"
    ? { tokenizer_class: "PreTrainedTokenizerFast", pad_token: paddingToken(tokenizerJson), ...sized }
    : sized;
}

/** What fills a batch. Where a tokenizer has no such token any will do, since the mask leaves it out. */
function paddingToken(json: JsonObject): string {
  const added = ((json["added_tokens"] ?? []) as readonly { readonly content: string }[]).map(({ content }) => content);
  const { vocab } = json["model"] as { readonly vocab: object | readonly (readonly [string, number])[] };
  const first = Array.isArray(vocab) ? (vocab as [string, number][])[0]?.[0] : Object.keys(vocab)[0];
  return added.find((token) => /^[[<]pad[\]>]$/i.test(token)) ?? added[0] ?? first ?? "";
}

/** transformers loads weights in the type that config.json names: what is written here is float32, whatever was read. */
function asFloat32(config: string): string {
  return config.replace(/("(?:torch_)?dtype"\s*:\s*)"[^"]*"/g, '$1"float32"');
}

function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
