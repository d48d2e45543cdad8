import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../base/files.js";
import { fileFingerprint, fingerprint } from "../base/fingerprint.js";
import { rng } from "../base/rng.js";
import { readSafetensors, writeSafetensors } from "../base/safetensors.js";
import type { LabelledItem, Similarity } from "../base/types.js";
import { version } from "../base/version.js";
import { input } from "../graph/index.js";
import { writeOnnx } from "../graph/onnx/write.js";
import { type MlpConfig, mlpEncoder, mlpParameters } from "../nn/mlp.js";
import { checkShape, jsonText, modelError, readJson } from "./json.js";
import type { FloatTensor, JsonObject } from "./types.js";
import { writeWholeFolder } from "./whole-folder.js";

/** What the rows of numbers are. Pixels go in divided by 255; vectors as they are. */
export type FeatureContent =
  | { readonly kind: "pixels"; readonly height: number; readonly width: number; readonly channels: number }
  | { readonly kind: "vector"; readonly dimension: number };

/** Everything about a network on rows of numbers but its weights. */
export interface MlpDescription {
  readonly family: "mlp";
  readonly content: FeatureContent;
  readonly config: MlpConfig;
  readonly similarity: Similarity;
}

/** Such a network in a folder. */
export interface MlpFolder extends MlpDescription {
  readonly path: string;
  readonly fingerprint: string;
  /** nearmiss.json: where it comes from. */
  readonly manifest: JsonObject;
}

const MODEL_TYPE = "nearmiss-mlp";

const size = z.int().positive();
const schema = z.looseObject({
  model_type: z.literal(MODEL_TYPE),
  content: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("pixels"), height: size, width: size, channels: size }),
    z.strictObject({ kind: z.literal("vector"), dimension: size }),
  ]),
  layers: z.array(size).min(1),
  activation: z.literal("relu"),
  residual: z.literal(true).optional(),
  similarity: z.enum(["cosine", "dot"]),
});

/** Numbers of a row. */
export function featuresOf(content: FeatureContent): number {
  return content.kind === "vector" ? content.dimension : content.height * content.width * content.channels;
}

/** An item's row: its pixels scaled to 0 … 1, or its vector. Throws `bad-item` where it has none of this size. */
export function featureRow(content: FeatureContent, item: LabelledItem): Float32Array {
  const values = content.kind === "pixels" ? item.pixels : item.vector;
  if (values?.length !== featuresOf(content))
    throw modelError(item.id, "the item is not what the network takes", {
      found:
        values === undefined ? `no ${content.kind === "pixels" ? "picture" : "vector"}` : `${values.length} numbers`,
      expected: `${featuresOf(content)} numbers`,
    });
  return values instanceof Uint8Array ? Float32Array.from(values, (pixel) => pixel / 255) : values;
}

/**
 * A network that has learnt nothing: uniform numbers up to 1 / √inputs, as torch's Linear has them; the last layer of a residual one is 0. A function of the sizes
 * and the seed.
 */
export function freshMlp(
  content: FeatureContent,
  { layers, residual }: Pick<MlpConfig, "layers" | "residual">,
  seed: number,
): { readonly description: MlpDescription; readonly tensors: ReadonlyMap<string, FloatTensor> } {
  const config = { inputs: featuresOf(content), layers, ...(residual === undefined ? {} : { residual }) };
  const tensors = new Map(
    [...mlpParameters(config)].map(([name, shape], i): [string, FloatTensor] => {
      const layer = Math.floor(i / 2);
      const still = residual === true && layer === layers.length - 1;
      const bound = still ? 0 : 1 / Math.sqrt(layers[layer - 1] ?? config.inputs);
      const generator = rng(seed, "initial-weights", name);
      const length = shape.reduce((product, one) => product * one, 1);
      const data = Float32Array.from({ length }, () => bound * (2 * generator.float() - 1));
      return [name, { dtype: "float32", shape, data }];
    }),
  );
  return { description: { family: "mlp", content, config, similarity: "cosine" }, tensors };
}

/** Whether a folder holds such a network. */
export function isMlpFolder(path: string): boolean {
  const file = join(path, "config.json");
  if (!existsSync(file)) return false;
  return (readJson(file) as { readonly model_type?: unknown } | null)?.model_type === MODEL_TYPE;
}

/** Reads a folder that `writeMlpFolder` wrote. Throws `bad-model` naming file and field. */
export async function readMlpFolder(path: string): Promise<MlpFolder> {
  const file = join(path, "config.json");
  const { content, layers, similarity, residual } = checkShape(file, readJson(file), schema);
  if (residual === true && layers.at(-1) !== featuresOf(content))
    throw modelError(file, "a residual network gives as many numbers as it takes", {
      field: "layers",
      found: String(layers.at(-1)),
      expected: String(featuresOf(content)),
    });
  const weights = join(path, "model.safetensors");
  if (!existsSync(weights)) throw modelError(weights, "file not found", { hint: "copy the whole folder" });
  const config = { inputs: featuresOf(content), layers, ...(residual === undefined ? {} : { residual }) };
  return {
    family: "mlp",
    content,
    config,
    similarity,
    path,
    fingerprint: fingerprint({ content, config, similarity }, await fileFingerprint(weights)),
    manifest: checkShape(join(path, "nearmiss.json"), readJson(join(path, "nearmiss.json")), z.looseObject({})),
  };
}

/** The weights of a folder, by parameter name. Throws `bad-model` where one is missing, of another shape or not finite. */
export function loadMlp({ path, config }: MlpFolder): ReadonlyMap<string, FloatTensor> {
  const file = join(path, "model.safetensors");
  const found = readSafetensors(file);
  return new Map(
    [...mlpParameters(config)].map(([name, shape]) => {
      const raw = found.get(name);
      if (raw?.dtype !== "F32" || raw.shape.join() !== shape.join())
        throw modelError(file, `tensor ${name} is not as config.json implies`, {
          field: name,
          found: raw === undefined ? "nothing" : `${raw.dtype} [${raw.shape.join(", ")}]`,
          expected: `F32 [${shape.join(", ")}]`,
        });
      const data = new Float32Array(raw.data.buffer, raw.data.byteOffset, raw.data.byteLength / 4);
      if (!data.every(Number.isFinite)) throw modelError(file, `tensor ${name} holds values that are not finite`);
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}

export interface WriteMlpOptions {
  readonly model: MlpDescription;
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  /** What nearmiss.json says beside version and format. */
  readonly manifest?: JsonObject;
}

/**
 * Writes the network: `config.json`, `model.safetensors`, `onnx/model.onnx`, `nearmiss.json`. Whole or not at all; equal networks give equal
 * bytes. A folder that stands there is replaced.
 */
export async function writeMlpFolder(target: string, { model, tensors, manifest }: WriteMlpOptions): Promise<void> {
  await writeWholeFolder(target, async (path) => {
    const { content, config, similarity } = model;
    const { layers, residual } = config;
    const described = { model_type: MODEL_TYPE, content, layers, activation: "relu", residual, similarity };
    writeFileAtomic(join(path, "config.json"), jsonText(described));
    writeSafetensors(
      join(path, "model.safetensors"),
      [...tensors].map(([name, { shape, data }]) => ({ name, dtype: "F32", shape, data })),
    );
    writeFileAtomic(join(path, "onnx/model.onnx"), mlpOnnx(model, tensors));
    writeFileAtomic(join(path, "nearmiss.json"), jsonText({ ...manifest, format: 1, version: version() }));
  });
}

/** The network as an ONNX file: `features` float32 [batch, inputs] (pixels divided by 255, or vectors) in, `embedding` [batch, dimension] out. */
export function mlpOnnx({ config }: MlpDescription, tensors: ReadonlyMap<string, FloatTensor>): Uint8Array {
  const rows = input("features", ["batch", config.inputs]);
  return writeOnnx({ embedding: mlpEncoder(config).forwardRows(rows) }, { parameters: tensors }).model;
}
