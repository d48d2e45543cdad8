"""Fine-tuning steps of a BERT encoder with sentence-transformers' own model and loss, as its trainer runs them.

In:  {model, batches: [{queries, documents}], dropout, warmup, threads, maxLength}
Out: {seconds: [one a measured step], tokens: [...], losses: [...], peakBytes}
"""
import json
import resource
import sys
import time

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.losses import MultipleNegativesRankingLoss

request = json.load(sys.stdin)
torch.set_num_threads(request["threads"])
torch.manual_seed(1)
model = SentenceTransformer(request["model"], device="cpu")
model.max_seq_length = request["maxLength"]
for module in model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = request["dropout"]
for layer in model[0].auto_model.encoder.layer:
    attention = layer.attention.self
    if hasattr(attention, "dropout_prob"):
        attention.dropout_prob = request["dropout"]
model.train()
loss_function = MultipleNegativesRankingLoss(model)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01)


def features(texts):
    preprocess = getattr(model, "preprocess", None) or model.tokenize
    return preprocess(texts)


seconds, tokens, losses = [], [], []
for number, batch in enumerate(request["batches"]):
    begin = time.perf_counter()
    columns = [features(batch["queries"]), features(batch["documents"])]
    loss = loss_function(columns, None)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    taken = time.perf_counter() - begin
    if number >= request["warmup"]:
        seconds.append(taken)
        tokens.append(int(sum(c["attention_mask"].sum() for c in columns)))
        losses.append(float(loss.detach()))
print(json.dumps({
    "seconds": seconds,
    "tokens": tokens,
    "losses": losses,
    "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "bfloat16": False,
}))
