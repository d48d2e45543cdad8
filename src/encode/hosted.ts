import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { inputError, workError } from "../base/errors.js";
import { fingerprint } from "../base/fingerprint.js";
import { noProgress, type Progress } from "../base/progress.js";
import type { Warnings } from "../base/warnings.js";
import { encodeDistinct } from "./distinct.js";
import type { Vectors } from "./encode.js";
import type { VectorCache } from "./vector-cache.js";

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
  /** Vectors in the order of the texts. Each distinct text is sent once, or not at all where the cache has it (but for one a process). */
  encode(texts: readonly string[], options?: { readonly progress?: Progress }): Promise<Vectors>;
  usage(): HostedUsage;
}

/** Whether `--model` names a server. */
export function isHosted(model: string): boolean {
  return /^https?:\/\//.test(model);
}

const answer = z.object({
  data: z.array(z.object({ index: z.int().min(0).optional(), embedding: z.array(z.number()) })),
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
  let dimension = 0;

  async function ask(texts: readonly string[], progress: Progress): Promise<Vectors> {
    const parts: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += batch) {
      const some = texts.slice(at, at + batch);
      const { vectors, tokens } = await post(endpoint, name, some, options);
      used.requests += 1;
      used.texts += some.length;
      used.tokens += tokens;
      for (const vector of vectors) {
        if (dimension === 0) dimension = vector.length;
        if (vector.length !== dimension || !vector.every(Number.isFinite)) {
          throw workError("hosted-model", "the server's vectors do not fit together", {
            found: `${vector.length} numbers${vector.every(Number.isFinite) ? "" : ", not all finite"}`,
            expected: `${dimension} finite numbers`,
          });
        }
        parts.push(vector);
      }
      progress({ stage: "encode", done: at + some.length, total: texts.length, note: `${used.tokens} tokens` });
    }
    const data = new Float32Array(texts.length * dimension);
    parts.forEach((vector, i) => {
      data.set(vector, i * dimension);
    });
    return { data, rows: texts.length, dimension };
  }

  return {
    fingerprint: own,
    similarity: "cosine",
    usage: () => ({ ...used }),
    encode: (texts, { progress = noProgress } = {}) =>
      encodeDistinct(texts, async (distinct) => {
        if (cache === undefined) return ask(distinct, progress);
        // The cache must know how long a vector is: one text tells, once.
        if (dimension === 0 && distinct.length > 0) await ask(distinct.slice(0, 1), noProgress);
        const key = { fingerprint: own, prompt: "", engine: "hosted" };
        return cache.through(key, distinct, dimension, (missing) => ask(missing, progress));
      }),
  };
}

/** One request, made again where the server is busy or fails, as it asks or ever more patiently. */
async function post(endpoint: string, model: string, texts: readonly string[], options: HostedOptions) {
  const { attempts = 6, patience = 500, apiKey, warnings } = options;
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ model, input: texts, encoding_format: "float" }),
    }).catch((error: Error) => error);
    if (!(response instanceof Error) && response.ok) return parse(await response.text(), endpoint, texts.length);
    const status = response instanceof Error ? null : response.status;
    const said =
      response instanceof Error
        ? `${response.message}${response.cause instanceof Error ? `: ${response.cause.message}` : ""}`
        : `${status} ${(await response.text()).slice(0, 200)}`;
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
        ...(attempt > 1 ? { hint: `asked ${attempt} times; what the cache has is not lost` } : {}),
      });
    }
    warnings.add("asked-again", "requests to the server were made again after it was busy or failed");
    const asked = response instanceof Error ? Number.NaN : Number(response.headers.get("retry-after") ?? "x");
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
