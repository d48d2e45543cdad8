"""Encoding texts with sentence-transformers.

In:  {model, texts, precision: float32 or bfloat16, batchSize, threads}
Out: {seconds, peakBytes, versions}
"""
import json
import resource
import sys
import time

import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer

request = json.load(sys.stdin)
torch.set_num_threads(request["threads"])
kind = torch.bfloat16 if request["precision"] == "bfloat16" else torch.float32
model = SentenceTransformer(request["model"], device="cpu", model_kwargs={"torch_dtype": kind})
model.encode(request["texts"][:32], batch_size=request["batchSize"], show_progress_bar=False)
begin = time.perf_counter()
model.encode(request["texts"], batch_size=request["batchSize"], show_progress_bar=False)
print(json.dumps({
    "seconds": time.perf_counter() - begin,
    "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "versions": {"torch": torch.__version__, "sentence-transformers": sentence_transformers.__version__},
}))
