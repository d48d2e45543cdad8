import { Tokenizer } from "@huggingface/tokenizers";
import { inputError } from "../base/errors.js";

/** What is used of `@huggingface/tokenizers`: its own declarations do not resolve under NodeNext and would be `any`. */
export interface TokenizerLibrary {
  readonly normalizer: { normalize(text: string): string } | null;
  readonly pre_tokenizer: { pre_tokenize(text: string): string[] } | null;
  /** An id is undefined where a token is unknown and the model has no unknown token. */
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly (number | undefined)[]; readonly tokens: readonly string[] };
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): ReadonlyMap<string, number>;
}

/** @throws inputError `bad-tokenizer` where the library refuses the content. */
export function openLibrary(tokenizer: object, config: object, file: string): TokenizerLibrary {
  try {
    return new Tokenizer(tokenizer, config);
  } catch (error) {
    throw inputError("bad-tokenizer", `the tokenizer cannot be set up: ${(error as Error).message}`, { file });
  }
}
