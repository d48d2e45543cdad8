import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { inputError, workError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import { noProgress, type Progress } from "../base/progress.js";
import type { Warnings } from "../base/warnings.js";
import { encodeDistinct } from "./distinct.js";
import type { Vectors } from "./encode.js";
import type { MissingPlace, VectorCache } from "./vector-cache.js";

export interface HostedOptions {
  /** Sent as a bearer token. Never written anywhere. */
  readonly apiKey?: string;
  readonly cache?: VectorCache;
  readonly warnings: Warnings;
  /** Texts a request; default 64. */
  readonly batch?: number;
  /** Attempts at a request before giving up; default 6. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, doubled for each further one; default 500. */
  readonly patience?: number;
}

/** What was asked of a server so far: what it may charge for. */
export interface HostedUsage {
  readonly requests: number;
  readonly texts: number;
  /** As the server counts them; 0 where it does not say. */
  readonly tokens: number;
}

/** A model behind a URL, which only gives vectors. */
export interface HostedModel {
  readonly fingerprint: string;
  readonly similarity: "cosine";
  /** Vectors in the order of the texts. Each distinct text is sent once, or not at all where the cache has it; every answer is kept at once. */
  encode(texts: readonly string[], options?: { readonly progress?: Progress }): Promise<Vectors>;
  usage(): HostedUsage;
}

/** Whether `--model` names a server. */
export function isHosted(model: string): boolean {
  return /^https?:\/\//.test(model);
}

const answer = z.object({
  data: z.array(z.object({ index: z.int().min(0).optional(), embedding: z.array(z.number()).min(1) })),
  usage: z.object({ total_tokens: z.number().optional(), prompt_tokens: z.number().optional() }).nullish(),
});

/**
 * A model of an OpenAI-style endpoint, `https://host/v1#name`: texts are posted to `https://host/v1/embeddings`. Throws `bad-model` without a name,
 * `no-access`, `hosted-model` where the server refuses or answers with something else, `connection` where it cannot be reached.
 */
export function openHosted(model: string, options: HostedOptions): HostedModel {
  const url = new URL(model);
  const name = decodeURIComponent(url.hash.slice(1));
  if (name === "") {
    throw inputError("bad-model", "a model behind a URL is named after a #", {
      found: model,
      expected: "https://host/v1#name",
    });
  }
  url.hash = "";
  const endpoint = `${url.href.replace(/\/+$/, "")}/embeddings`;
  const used = { requests: 0, texts: 0, tokens: 0 };
  const { batch = 64, cache } = options;
  // What a server does with a name may change without notice; the cache can only go by address and name.
  const own = fingerprint("hosted", endpoint, name);
  const key = { fingerprint: own, prompt: "", engine: "hosted" };
  let dimension = 0;

  const ask: Asking = async (texts, { before, of }, progress) => {
    const { vectors, tokens } = await post(endpoint, name, texts, options);
    used.requests += 1;
    used.texts += texts.length;
    used.tokens += tokens;
    dimension = dimension === 0 ? (vectors[0]?.length ?? 0) : dimension;
    const data = new Float32Array(texts.length * dimension);
    for (const [i, vector] of vectors.entries()) {
      if (vector.length !== dimension || !vector.every(Number.isFinite))
        throw workError("hosted-model", "the server's vectors do not fit together", {
          found: `${vector.length} numbers${vector.every(Number.isFinite) ? "" : ", not all finite"}`,
          expected: `${dimension} finite numbers`,
          ...(cache === undefined ? {} : { hint: "where the name now means another model, give another --cache" }),
        });
      data.set(vector, i * dimension);
    }
    progress({ stage: "encode", done: before + texts.length, total: of, note: `${used.tokens} tokens` });
    return { data, rows: texts.length, dimension };
  };

  return {
    fingerprint: own,
    similarity: "cosine",
    usage: () => ({ ...used }),
    encode: (texts, { progress = noProgress } = {}) =>
      encodeDistinct(texts, async (distinct) => {
        let ahead = 0;
        const asking = (some: readonly string[], { before, of }: MissingPlace) =>
          ask(some, { before: before + ahead, of: of + ahead }, progress);
        if (cache === undefined) return inBatches(distinct, batch, asking);
        dimension ||= cache.dimension(key) ?? 0;
        if (dimension === 0 && distinct.length > 0) {
          // The cache must know how long a vector is: the first batch tells, and is kept at once.
          const first = await asking(distinct.slice(0, batch), { before: 0, of: distinct.length });
          cache.remember(key, dimension);
          await cache.through(key, distinct.slice(0, batch), dimension, async () => first);
          ahead = first.rows;
        }
        return cache.through(key, distinct, dimension, asking, batch);
      }),
  };
}

type Asking = (texts: readonly string[], place: MissingPlace, progress: Progress) => Promise<Vectors>;

async function inBatches(
  texts: readonly string[],
  batch: number,
  ask: (texts: readonly string[], place: MissingPlace) => Promise<Vectors>,
): Promise<Vectors> {
  const parts: Vectors[] = [];
  for (let before = 0; before < texts.length; before += batch)
    parts.push(await ask(texts.slice(before, before + batch), { before, of: texts.length }));
  const dimension = parts[0]?.dimension ?? 0;
  const data = new Float32Array(texts.length * dimension);
  for (const [i, part] of parts.entries()) data.set(part.data, i * batch * dimension);
  return { data, rows: texts.length, dimension };
}

/** One request, made again where the server is busy or fails, as it asks or ever more patiently. */
async function post(endpoint: string, model: string, texts: readonly string[], options: HostedOptions) {
  const { attempts = 6, patience = 500, apiKey, warnings } = options;
  for (let attempt = 1; ; attempt++) {
    const answered = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ model, input: texts, encoding_format: "float" }),
    })
      // A connection may break in the middle of the answer, too.
      .then(async (response) => ({ status: response.status, headers: response.headers, body: await response.text() }))
      .catch((error: Error) => error);
    if (!(answered instanceof Error) && answered.status >= 200 && answered.status < 300)
      return parse(answered.body, endpoint, texts.length);
    const status = answered instanceof Error ? null : answered.status;
    const said =
      answered instanceof Error
        ? `${answered.message}${answered.cause instanceof Error ? `: ${answered.cause.message}` : ""}`
        : `${status} ${answered.body.slice(0, 200)}`;
    if (status === 401 || status === 403) {
      throw inputError("no-access", "the server does not accept the key", {
        file: endpoint,
        found: said,
        hint: "set NEARMISS_API_KEY, or OPENAI_API_KEY",
      });
    }
    const again = status === null || status === 408 || status === 409 || status === 429 || status >= 500;
    if (!again || attempt >= attempts) {
      throw workError(status === null ? "connection" : "hosted-model", "the server gives no vectors", {
        file: endpoint,
        found: said,
        hint: `asked ${attempt === 1 ? "once" : `${attempt} times`}; ${
          options.cache === undefined
            ? "without a cache, what came before is lost"
            : "all batches before this one are in the cache: the same command goes on after them"
        }`,
      });
    }
    warnings.add("asked-again", "requests to the server were made again after it was busy or failed");
    const asked = answered instanceof Error ? Number.NaN : Number(answered.headers.get("retry-after") ?? "x");
    await wait(Number.isFinite(asked) ? Math.min(asked * 1000, 60_000) : patience * 2 ** (attempt - 1));
  }
}

function parse(body: string, endpoint: string, expected: number) {
  const wrong = (found: string) =>
    workError("hosted-model", "the server's answer is no list of vectors", {
      file: endpoint,
      found,
      expected: `{"data": [{"index": 0, "embedding": […]}, …]} with ${expected} vectors`,
    });
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw wrong(body.slice(0, 80));
  }
  const parsed = answer.safeParse(json);
  if (!parsed.success) throw wrong(parsed.error.issues[0]?.message ?? "");
  const { data, usage } = parsed.data;
  const vectors = new Map(data.map((one, i) => [one.index ?? i, Float32Array.from(one.embedding)]));
  if (vectors.size !== expected || data.length !== expected) throw wrong(`${data.length} vectors`);
  const ordered = Array.from({ length: expected }, (_, i) => {
    const vector = vectors.get(i);
    if (vector === undefined) throw wrong(`no vector with index ${i}`);
    return vector;
  });
  return { vectors: ordered, tokens: usage?.total_tokens ?? usage?.prompt_tokens ?? 0 };
}
