import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Asked {
  readonly model: string;
  readonly input: readonly string[];
}

/** Counts of the letters a, b, c: enough to tell texts apart. */
export const vectorOf = (text: string): readonly number[] => ["a", "b", "c"].map((letter) => text.split(letter).length);

/** An endpoint for embeddings that answers with `respond`, or with vectors in another order than asked and 7 tokens a request. */
export async function serveVectors(
  respond?: (
    asked: Asked,
    count: number,
  ) => { status?: number; body?: string; headers?: Record<string, string>; broken?: true } | null,
): Promise<{ readonly server: Server; readonly url: string; readonly requests: Asked[] }> {
  const requests: Asked[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const asked = JSON.parse(Buffer.concat(parts).toString()) as Asked;
    requests.push(asked);
    const special = respond?.(asked, requests.length);
    if (special?.broken) {
      // The headers and half of an answer, then nothing more.
      response.write('{"data": [', () => response.destroy());
      return;
    }
    if (special) return response.writeHead(special.status ?? 200, special.headers).end(special.body);
    const data = asked.input.map((text, index) => ({ index, embedding: vectorOf(text) })).reverse();
    response.end(JSON.stringify({ object: "list", data, usage: { prompt_tokens: 7, total_tokens: 7 } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1#letters`;
  return { server, url, requests };
}
