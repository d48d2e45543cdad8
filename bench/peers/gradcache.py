"""One update of a large batch with sentence-transformers' cached loss (GradCache).

In:  {model, pairs: [[query, document]], micro, dropout, threads, maxLength}
Out: {seconds, loss, peakBytes, versions}
"""
import json
import resource
import sys
import time

import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.losses import CachedMultipleNegativesRankingLoss

request = json.load(sys.stdin)
torch.set_num_threads(request["threads"])
torch.manual_seed(1)
model = SentenceTransformer(request["model"], device="cpu")
model.max_seq_length = request["maxLength"]
for module in model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = request["dropout"]
model.train()
loss_function = CachedMultipleNegativesRankingLoss(model, mini_batch_size=request["micro"])
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01, fused=True)
preprocess = getattr(model, "preprocess", None) or model.tokenize


def update(pairs):
    columns = [preprocess([pair[side] for pair in pairs]) for side in (0, 1)]
    loss = loss_function(columns, None)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


update(request["pairs"][: 2 * request["micro"]])
begin = time.perf_counter()
loss = update(request["pairs"])
print(json.dumps({
    "seconds": time.perf_counter() - begin,
    "loss": loss,
    "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "versions": {"torch": torch.__version__, "sentence-transformers": sentence_transformers.__version__},
}))
