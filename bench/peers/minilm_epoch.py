"""One in-batch epoch of sentence-transformers' own trainer on question-answer pairs.

In:  {model, out, pairs: [[question, answer]], batchSize, learningRate, warmup, maxLength, seed, threads}
Out: {seconds, steps, peakBytes, versions}
"""
import json
import os
import resource
import sys
import tempfile
import time

import sentence_transformers
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.losses import MultipleNegativesRankingLoss

request = json.load(sys.stdin)
torch.set_num_threads(request["threads"])
model = SentenceTransformer(request["model"], device="cpu")
model.max_seq_length = request["maxLength"]
for module in model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0
anchors, positives = zip(*request["pairs"])
trainer = SentenceTransformerTrainer(
    model=model,
    args=SentenceTransformerTrainingArguments(
        output_dir=tempfile.mkdtemp(),
        num_train_epochs=1,
        per_device_train_batch_size=request["batchSize"],
        learning_rate=request["learningRate"],
        warmup_ratio=request["warmup"],
        batch_sampler="no_duplicates",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=request["seed"],
    ),
    train_dataset=Dataset.from_dict({"anchor": anchors, "positive": positives}),
    loss=MultipleNegativesRankingLoss(model),
)
started = time.perf_counter()
trainer.train()
seconds = time.perf_counter() - started
os.makedirs(request["out"], exist_ok=True)
model.save_pretrained(request["out"])
print(json.dumps({
    "seconds": seconds,
    "steps": trainer.state.global_step,
    "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "versions": {"torch": torch.__version__, "sentence-transformers": sentence_transformers.__version__},
}))
