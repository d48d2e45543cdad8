import { Tokenizer } from "@huggingface/tokenizers";
import { inputError } from "../base/errors.js";
import { precompiledNormalizer } from "./precompiled.js";

/** What is used of `@huggingface/tokenizers`: its own declarations do not resolve under NodeNext and would be `any`. */
export interface TokenizerLibrary {
  readonly normalizer: LibraryNormalizer | null;
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

interface LibraryNormalizer {
  normalize(text: string): string;
  /** The steps of a sequence. */
  readonly normalizers?: readonly (LibraryNormalizer | null)[];
  /** Of the compiled normaliser of SentencePiece. */
  readonly charsmap?: string | null;
}

/** @throws inputError `bad-tokenizer` where the library refuses the content. */
export function openLibrary(tokenizer: object, config: object, file: string): TokenizerLibrary {
  const library = setUp(tokenizer, config, file);
  // The library approximates compiled normalisers by rules; here they do what is compiled in them.
  for (const step of [library.normalizer, ...(library.normalizer?.normalizers ?? [])])
    if (typeof step?.charsmap === "string") step.normalize = precompiledNormalizer(step.charsmap, file);
  return library;
}

function setUp(tokenizer: object, config: object, file: string): TokenizerLibrary {
  try {
    return new Tokenizer(tokenizer, config);
  } catch (error) {
    throw inputError("bad-tokenizer", `the tokenizer cannot be set up: ${(error as Error).message}`, { file });
  }
}
