import type { Engine } from "../engine/types.js";
import { input, matmul } from "../graph/index.js";

/** Vectors, row-major. */
export type Vectors = Float32Array | Float64Array;

/** Products of blocks of vectors of one dimension. */
export interface Products {
  /** Of two row-major blocks, [queries, dimension] and [documents, dimension], all scores, [queries, documents]. */
  product(queries: Vectors, documents: Vectors): Promise<Vectors>;
  close(): Promise<void>;
}

/** With an engine in float32; without one by plain loops in float64, for a few thousand small vectors at most. */
export async function openProducts(dimension: number, engine?: Engine): Promise<Products> {
  return engine === undefined ? plainProducts(dimension) : engineProducts(engine, dimension);
}

async function engineProducts(engine: Engine, dimension: number): Promise<Products> {
  const queries = input("queries", ["queries", dimension]);
  const documents = input("documents", ["documents", dimension]);
  const program = await engine.compile({ outputs: { scores: matmul(queries, documents, { transposeB: true }) } });
  const weights = await engine.load(new Map());
  const tensor = (data: Vectors) =>
    ({
      dtype: "float32",
      shape: [data.length / dimension, dimension],
      data: data instanceof Float32Array ? data : Float32Array.from(data),
    }) as const;
  return {
    async product(q, d) {
      const { scores } = await engine.run(program, { queries: tensor(q), documents: tensor(d) }, weights);
      return scores!.data as Vectors;
    },
    async close() {
      await engine.release(program);
      await engine.release(weights);
    },
  };
}

function plainProducts(dimension: number): Products {
  return {
    async product(queries, documents) {
      const width = documents.length / dimension;
      const scores = new Float64Array((queries.length / dimension) * width);
      for (let at = 0; at < scores.length; at++) {
        const q = Math.floor(at / width) * dimension;
        const d = (at % width) * dimension;
        let sum = 0;
        for (let i = 0; i < dimension; i++) sum += queries[q + i]! * documents[d + i]!;
        scores[at] = sum;
      }
      return scores;
    },
    close: async () => {},
  };
}
