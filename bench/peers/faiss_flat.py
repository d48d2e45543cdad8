# FAISS's flat index over seeded unit vectors, k nearest by inner product, in batches.
import json
import sys
import time

import faiss
import numpy

request = json.load(sys.stdin)
faiss.omp_set_num_threads(request["threads"])
random = numpy.random.default_rng(1)


def unit(count):
    vectors = random.standard_normal((count, request["dimension"]), dtype=numpy.float32)
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


index = faiss.IndexFlatIP(request["dimension"])
index.add(unit(request["documents"]))
batches = [unit(request["batch"]) for _ in range(request["batches"])]
index.search(batches[0], request["k"])
rates = []
for _ in range(request["repeat"]):
    started = time.perf_counter()
    for queries in batches:
        index.search(queries, request["k"])
    rates.append(request["batch"] * len(batches) / (time.perf_counter() - started))
rates.sort()
print(json.dumps({"queriesASecond": {"median": rates[len(rates) // 2], "low": rates[0], "high": rates[-1], "n": len(rates)}, "version": faiss.__version__}))
