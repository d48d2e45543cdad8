# sentence_transformers.util.mine_hard_negatives over given vectors: a stub in the place of the model hands them out.
import contextlib
import json
import resource
import sys
import time

import numpy
import torch
from datasets import Dataset
from sentence_transformers.util import cos_sim, mine_hard_negatives, pairwise_cos_sim

request = json.load(sys.stdin)
torch.set_num_threads(request["threads"])


class Given:
    device = torch.device("cpu")
    similarity = staticmethod(cos_sim)
    similarity_pairwise = staticmethod(pairwise_cos_sim)

    def __init__(self, queries, documents):
        self.queries, self.documents = numpy.load(queries), numpy.load(documents)

    def get_embedding_dimension(self):
        return self.queries.shape[1]

    # Texts stand in the order of the rows: all differ.
    def encode_query(self, texts, **_):
        return self.queries

    def encode_document(self, texts, **_):
        return self.documents


started = time.perf_counter()
pairs = [json.loads(line) for line in open(request["pairs"])]
dataset = Dataset.from_dict({"anchor": [pair["query"] for pair in pairs], "positive": [pair["positive"] for pair in pairs]})
with contextlib.redirect_stdout(sys.stderr):
    mined = mine_hard_negatives(
        dataset,
        Given(request["queries"], request["documents"]),
        num_negatives=request["count"],
        range_max=request["depth"],
        sampling_strategy="top",
        use_faiss=request["faiss"],
        verbose=False,
    )
seconds = time.perf_counter() - started
negatives = {}
for anchor, negative in zip(mined["anchor"][:3000], mined["negative"][:3000]):
    negatives.setdefault(anchor, []).append(negative)
print(json.dumps({"seconds": seconds, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "rows": len(mined), "sample": negatives}))
