export {
  isCrossEncoder,
  readCrossEncoder,
  type WriteCrossEncoderOptions,
  writeCrossEncoder,
} from "./cross-encoder.js";
export { encoderOf, maskedLanguageModelOf, networkOf, pairEncoderOf } from "./encoder.js";
export {
  type FreshBertOptions,
  type FreshModel,
  type FreshStaticOptions,
  freshBert,
  freshStatic,
  type Vocabulary,
} from "./fresh.js";
export { type FreshCrossEncoderOptions, freshCrossEncoder } from "./fresh-cross-encoder.js";
export { freshMaskedLm } from "./fresh-masked-lm.js";
export {
  type FeatureContent,
  featureRow,
  featuresOf,
  freshMlp,
  isMlpFolder,
  loadMlp,
  type MlpDescription,
  type MlpFolder,
  mlpOnnx,
  readMlpFolder,
  writeMlpFolder,
} from "./mlp.js";
export { onnxCrossEncoder, onnxModel } from "./onnx.js";
export { readModelFolder } from "./read.js";
export { completeForTransformersJs } from "./transformers-js.js";
export type * from "./types.js";
export { loadWeights } from "./weights.js";
export { type WriteModelOptions, writeModelFolder } from "./write.js";
