/** Files of a model's root that reading it may need, and those that say what may be done with it. */
const root = new Set([
  "config.json",
  "modules.json",
  "config_sentence_transformers.json",
  "sentence_bert_config.json",
  "sentence_roberta_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "model.safetensors",
  "model.safetensors.index.json",
  "nearmiss.json",
  "README.md",
]);

/**
 * Of a repository's paths those that a local copy needs: configurations, the tokenizer, safetensors (whole or in shards), the folders of
 * sentence-transformers' modules, the card and the licence. Never weights in formats that run code when read, and no copies of the
 * weights for other programs.
 */
export function neededFiles(paths: readonly string[]): readonly string[] {
  return paths.filter(
    (path) =>
      root.has(path) ||
      /^model-\d+-of-\d+\.safetensors$/.test(path) ||
      /^(LICEN[CS]E|NOTICE)[^/]*$/i.test(path) ||
      /^\d+_\w+\/[\w.-]+\.(json|safetensors|txt)$/.test(path),
  );
}

/** Whether there are weights among the paths that nearmiss reads. */
export function hasWeights(paths: readonly string[]): boolean {
  return paths.some((path) => path.endsWith(".safetensors"));
}
