"""Fine-tuning steps of a BERT encoder with sentence-transformers' own model and loss, as its trainer runs them.

In:  {model, batches: [{queries, documents}], dropout, precision: float32 or bfloat16, warmup, threads, maxLength}
Out: {seconds: [one a measured step], processorSeconds, tokens: [...], losses: [...], peakBytes, attention, attentionDropout, hiddenDropout, versions}
"""
import json
import resource
import sys
import time

import sentence_transformers
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
model.train()
loss_function = MultipleNegativesRankingLoss(model)
# Fused, as the trainer's default is.
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01, fused=True)

# What attention really drops, as its kernel is told.
attention_rates = set()
scaled_dot_product_attention = torch.nn.functional.scaled_dot_product_attention


def watched(*arguments, **options):
    attention_rates.add(options.get("dropout_p", 0.0))
    return scaled_dot_product_attention(*arguments, **options)


torch.nn.functional.scaled_dot_product_attention = watched


def features(texts):
    preprocess = getattr(model, "preprocess", None) or model.tokenize
    return preprocess(texts)


seconds, processor, tokens, losses = [], [], [], []
for number, batch in enumerate(request["batches"]):
    begin, used = time.perf_counter(), time.process_time()
    columns = [features(batch["queries"]), features(batch["documents"])]
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=request["precision"] == "bfloat16"):
        loss = loss_function(columns, None)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    taken = time.perf_counter() - begin
    if number >= request["warmup"]:
        processor.append(time.process_time() - used)
        seconds.append(taken)
        tokens.append(int(sum(c["attention_mask"].sum() for c in columns)))
        losses.append(float(loss.detach()))
print(json.dumps({
    "seconds": seconds,
    "processorSeconds": processor,
    "tokens": tokens,
    "losses": losses,
    "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "attention": model[0].auto_model.config._attn_implementation,
    "attentionDropout": sorted(attention_rates),
    "hiddenDropout": sorted({module.p for module in model.modules() if isinstance(module, torch.nn.Dropout)}),
    "versions": {"torch": torch.__version__, "sentence-transformers": sentence_transformers.__version__},
}))
