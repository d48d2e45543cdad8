"""Training of a static encoder from nothing with sentence-transformers' trainer.

In:  {tokenizer: path of tokenizer.json, dimension, pairs: [[query, document]], batchSize, epochs, learningRate, seed, threads, output}
Out: {seconds, steps, loss, tokens of all pairs, versions, peakBytes}; the model is saved in `output` when given.
"""
import json
import resource
import sys
import time

import sentence_transformers
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.losses import MultipleNegativesRankingLoss
from sentence_transformers.models import StaticEmbedding
from sentence_transformers.training_args import BatchSamplers
from tokenizers import Tokenizer

request = json.load(sys.stdin)
torch.set_num_threads(request["threads"])
torch.manual_seed(request["seed"])
tokenizer = Tokenizer.from_file(request["tokenizer"])
model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=request["dimension"])], device="cpu")
data = Dataset.from_dict({"anchor": [p[0] for p in request["pairs"]], "positive": [p[1] for p in request["pairs"]]})
arguments = SentenceTransformerTrainingArguments(
    output_dir=request["scratch"],
    num_train_epochs=request["epochs"],
    max_steps=request.get("steps", -1),
    per_device_train_batch_size=request["batchSize"],
    learning_rate=request["learningRate"],
    warmup_ratio=0.1,
    batch_sampler=BatchSamplers.NO_DUPLICATES,
    save_strategy="no",
    report_to=[],
    seed=request["seed"],
    disable_tqdm=True,
    logging_strategy="no",
    use_cpu=True,
)
trainer = SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=MultipleNegativesRankingLoss(model))
begin = time.perf_counter()
result = trainer.train()
seconds = time.perf_counter() - begin
if request.get("output"):
    model.save(request["output"])
tokens = sum(len(one.ids) for pair in request["pairs"] for one in model[0].tokenizer.encode_batch(pair, add_special_tokens=False))
print(json.dumps({
    "seconds": seconds,
    "steps": result.global_step,
    "loss": result.training_loss,
    "tokens": tokens,
    "versions": {"torch": torch.__version__, "sentence-transformers": sentence_transformers.__version__},
    "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
