"""Forward and backward of the losses of pytorch-metric-learning, each in a process of its own: seconds, and memory beyond the imports."""
import importlib.metadata
import json
import math
import os
import resource
import signal
import sys
import time

import pytorch_metric_learning.distances as distances
import pytorch_metric_learning.losses as losses
import pytorch_metric_learning.miners as miners
import torch
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer

request = json.load(sys.stdin)
threads, limit = request["threads"], request["seconds"]
LATEST = 120


def make(spec):
    options = dict(spec.get("options", {}))
    if "distance" in spec:
        options["distance"] = getattr(distances, spec["distance"]["class"])(**spec["distance"].get("options", {}))
    if "reducer" in spec:
        options["reducer"] = {"MeanReducer": MeanReducer, "AvgNonZeroReducer": AvgNonZeroReducer}[spec["reducer"]]()
    loss = getattr(losses, spec["class"])(**options)
    if "miner" not in spec:
        return loss
    miner = getattr(miners, spec["miner"])()
    return lambda vectors, labels: loss(vectors, labels, miner(vectors, labels))


def measure(spec):
    torch.set_num_threads(threads)
    vectors = torch.tensor(request["embeddings"], dtype=torch.float32).reshape(len(request["labels"]), -1)
    labels = torch.tensor(request["labels"])
    torch.manual_seed(1)
    loss = make(spec)
    seconds, processor = [], []
    started = time.perf_counter()
    while len(seconds) < 4 or time.perf_counter() - started < limit:
        x = vectors.clone().requires_grad_()
        begun, used = time.perf_counter(), time.process_time()
        value = loss(x, labels)
        value.backward()
        seconds.append(time.perf_counter() - begun)
        processor.append(time.process_time() - used)
    # The first quarter of the passes warms up; a single one stays.
    first = min(math.ceil(len(seconds) / 4), len(seconds) - 1)
    return {"seconds": seconds[first:], "processorSeconds": processor[first:], "value": value.item()}


def in_child(spec):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.alarm(LATEST)
        room = request["gigabytesAtMost"] << 30
        try:
            resource.setrlimit(resource.RLIMIT_AS, (room, room))
            result = measure(spec)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            result["peakBytes"] = (peak - base) * 1024
        except (RuntimeError, MemoryError) as error:
            result = {"failed": str(error).splitlines()[0][:200]}
        with os.fdopen(write, "w") as out:
            json.dump(result, out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if text:
        return json.loads(text)
    late = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
    return {"failed": f"no four passes within {LATEST} s" if late else "killed"}


versions = {name: importlib.metadata.version(name) for name in ("torch", "pytorch-metric-learning")}
print(json.dumps({"results": [in_child(spec) for spec in request["specs"]], "versions": versions}))
