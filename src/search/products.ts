import type { Engine } from "../engine/types.js";
import { input, matmul, parameter } from "../graph/index.js";

/** Vectors, row-major. */
export type Vectors = Float32Array | Float64Array;

/** A block of documents, row-major [documents, dimension], that is multiplied again and again. */
export interface HeldBlock {
  release(): Promise<void>;
  /** All scores of a block of queries with it, [queries, documents]. */
  product(queries: Vectors): Promise<Vectors>;
}

/** Products of blocks of vectors of one dimension. */
export interface Products {
  /** Takes a block over: `documents` may be changed afterwards. */
  hold(documents: Vectors): Promise<HeldBlock>;
  /** All scores, [queries, documents], of two blocks that meet once. */
  product(queries: Vectors, documents: Vectors): Promise<Vectors>;
  close(): Promise<void>;
}

/** With an engine in float32; without one by plain loops in float64, for a few thousand small vectors at most. */
export async function openProducts(dimension: number, engine?: Engine): Promise<Products> {
  const held = engine === undefined ? plainProducts(dimension) : await engineProducts(engine, dimension);
  return {
    ...held,
    async product(queries, documents) {
      const block = await held.hold(documents);
      try {
        return await block.product(queries);
      } finally {
        await block.release();
      }
    },
  };
}

type HeldProducts = Omit<Products, "product">;

async function engineProducts(engine: Engine, dimension: number): Promise<HeldProducts> {
  const queries = input("queries", ["queries", dimension]);
  const documents = parameter("documents", ["documents", dimension]);
  const scores = matmul(queries, documents, { transposeB: true });
  const program = await engine.compile({ outputs: { scores } });
  const tensor = (data: Vectors) =>
    ({
      dtype: "float32",
      shape: [data.length / dimension, dimension],
      data: data instanceof Float32Array ? data : Float32Array.from(data),
    }) as const;
  return {
    async hold(block) {
      const weights = await engine.load(new Map([["documents", tensor(block)]]));
      return {
        async product(some) {
          const { scores } = await engine.run(program, { queries: tensor(some) }, weights);
          return scores!.data as Vectors;
        },
        release: () => engine.release(weights),
      };
    },
    close: () => engine.release(program),
  };
}

function plainProducts(dimension: number): HeldProducts {
  return {
    async hold(given) {
      const documents = Float64Array.from(given);
      const width = documents.length / dimension;
      const block = {
        async product(queries: Vectors) {
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
        release: async () => {},
      };
      return block;
    },
    close: async () => {},
  };
}
