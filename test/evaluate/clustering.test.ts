import fc from "fast-check";
import { expect, test } from "vitest";
import { rng } from "#nearmiss/base/rng.js";
import { createEngine } from "#nearmiss/engine/onnxruntime.js";
import { clusterAgreement } from "#nearmiss/evaluate/clustering.js";
import { kMeans } from "#nearmiss/evaluate/k-means.js";
import { agreement } from "#nearmiss/evaluate/mutual-information.js";

test("NMI and AMI at values that scikit-learn 1.9 gives", () => {
  const close = (first: readonly number[], second: readonly number[], nmi: number, ami: number): void => {
    const got = agreement(first, second);
    expect(got.nmi).toBeCloseTo(nmi, 12);
    expect(got.ami).toBeCloseTo(ami, 12);
  };
  close(
    [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3],
    [0, 0, 1, 1, 1, 2, 2, 2, 2, 0, 3, 0],
    0.5028909422035811,
    0.21669369518860448,
  );
  const items = Array.from({ length: 200 }, (_, i) => i);
  close(
    items.map((i) => i % 7),
    items.map((i) => (i * i) % 11),
    0.005136130041825625,
    -0.039651939745211584,
  );
  close([0, 1, 2], [0, 1, 1], 0.7336804366512112, 0);
  close(
    items,
    items.map(() => 0),
    0,
    0,
  );
});

test("equal partitions agree fully whatever their names; AMI of shuffled classes is 0 on average", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 30 }), (classes) => {
      expect(
        agreement(
          classes,
          classes.map((one) => `class ${7 - one}`),
        ),
      ).toEqual({ nmi: 1, ami: 1 });
    }),
  );
  // Every arrangement of two classes of two and three items: the mean of the adjusted value is 0 exactly.
  const fixed = [0, 0, 1, 1, 1];
  const arrangements = Array.from({ length: 32 }, (_, bits) => fixed.map((_, i) => (bits >> i) & 1)).filter(
    (one) => one.filter(Boolean).length === 3,
  );
  const information = arrangements.map((one) => agreement(fixed, one).ami);
  expect(information.reduce((a, b) => a + b, 0) / information.length).toBeCloseTo(0, 12);
});

function blobs(size: number): { vectors: Float32Array; labels: number[] } {
  const generator = rng(2, "blobs");
  const labels = Array.from({ length: size }, (_, i) => i % 5);
  const angle = (label: number): number => (2 * Math.PI * label) / 5;
  const vectors = Float32Array.from(
    labels.flatMap((label) =>
      [Math.cos(angle(label)), Math.sin(angle(label))].map((x) => x + 0.05 * generator.normal()),
    ),
  );
  return { vectors, labels };
}

test("clusters that are there are found, with an engine and without, the same for the same seed", async () => {
  const items = blobs(300);
  const whole = { mean: 1, low: 1, high: 1, n: 300 };
  const engine = await createEngine({ threads: 1 });
  try {
    for (const similarity of ["cosine", "l2"] as const)
      for (const given of [{}, { engine }])
        expect(await clusterAgreement({ items, dimension: 2, similarity, seed: 1, ...given })).toEqual({
          nmi: whole,
          ami: whole,
        });
  } finally {
    await engine.close();
  }
  const options = { vectors: items.vectors, dimension: 2, clusters: 4 };
  expect(await kMeans({ ...options, seed: 3 })).toEqual(await kMeans({ ...options, seed: 3 }));
  expect((await kMeans({ ...options, seed: 3, restarts: 8 })).inertia).toBeLessThanOrEqual(
    (await kMeans({ ...options, seed: 3, restarts: 1 })).inertia,
  );
});

test("a settled start is a local optimum: each point is with its nearest mean", async () => {
  const { vectors } = blobs(60);
  const { assignment, inertia } = await kMeans({ vectors, dimension: 2, clusters: 7, seed: 1 });
  const mean = (cluster: number, axis: number): number => {
    const own = [...assignment.keys()].filter((i) => assignment[i] === cluster);
    return own.reduce((sum, i) => sum + vectors[2 * i + axis]!, 0) / own.length;
  };
  const means = Array.from({ length: 7 }, (_, cluster) => [mean(cluster, 0), mean(cluster, 1)] as const);
  let total = 0;
  assignment.forEach((own, i) => {
    const distances = means.map(([x, y]) => (vectors[2 * i]! - x) ** 2 + (vectors[2 * i + 1]! - y) ** 2);
    expect(distances[own]).toBeCloseTo(Math.min(...distances), 10);
    total += distances[own]!;
  });
  expect(inertia).toBeCloseTo(total, 8);
});

test("copies of few points fill as many clusters as they can; more clusters than points are refused", async () => {
  const vectors = Float32Array.of(1, 1, 1, 5, 5, 5);
  expect((await kMeans({ vectors, dimension: 1, clusters: 3, seed: 1 })).inertia).toBe(0);
  await expect(kMeans({ vectors, dimension: 1, clusters: 7, seed: 1 })).rejects.toThrow(/7 clusters of 6 points/);
});
