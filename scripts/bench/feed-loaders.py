"""Batches of torch tensors from the same tokens: a feed, MosaicML Streaming, and a memory-mapped file.

  python feed-loaders.py URL SERVER MDS_DIR NANOGPT_DIR CONTEXT BATCH SECONDS [missing packages ...]

Each behind a DataLoader with 0 and 2 workers, to batches of int64 input_ids and labels; in turns, three rounds, median.
Prints a line of JSON for each: {"name", "rate", "perCpu"} in million tokens a second, and a CPU-second of loader and
server together, starts not counted.

  SERVER is the process id of the feed.
"""

import itertools
import json
import os
import subprocess
import sys
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

url, server, mds, nanogpt, context, batch, seconds, *missing = sys.argv[1:]
context, batch, seconds = int(context), int(batch), float(seconds)
torch.set_num_threads(1)


class Mapped(Dataset):
    """Crops at random places of a memory-mapped file, as get_batch of nanoGPT takes them; an item is a batch."""

    def __init__(self, folder):
        with open(f"{folder}/meta.json") as f:
            self.dtype = json.load(f)["dtype"]
        self.path = f"{folder}/train.bin"

    def __len__(self):
        return 1 << 30

    def __getitem__(self, index):
        data = np.memmap(self.path, dtype=self.dtype, mode="r")
        at = np.random.default_rng(index).integers(len(data) - context, size=batch)
        return {
            "input_ids": torch.stack([torch.from_numpy(data[i : i + context].astype(np.int64)) for i in at]),
            "labels": torch.stack([torch.from_numpy(data[i + 1 : i + 1 + context].astype(np.int64)) for i in at]),
        }


def whole(rows):
    """Sequences that are full as one batch; the last of a domain is shorter. Labels as llm-foundry: a copy, shifted."""
    ids = torch.from_numpy(np.stack([r["tokens"] for r in rows if len(r["tokens"]) == context]).astype(np.int64))
    labels = torch.full_like(ids, -100)
    labels[:, :-1] = ids[:, 1:]
    return {"input_ids": ids, "labels": labels}


def feed(workers):
    from sluice_feed import FeedDataset

    return DataLoader(FeedDataset(url, rank=0, world=1), batch_size=None, num_workers=workers)


def streaming(workers):
    from streaming import StreamingDataset
    from streaming.base.util import clean_stale_shared_memory

    clean_stale_shared_memory()
    dataset = StreamingDataset(local=mds, split="train", shuffle=False, batch_size=batch)
    return DataLoader(dataset, batch_size=batch, num_workers=workers, collate_fn=whole)


def mapped(workers):
    return DataLoader(Mapped(nanogpt), batch_size=None, num_workers=workers)


def cpu_seconds(pids):
    """User and system time of processes so far; 0 where the system does not say."""
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as f:
                ticks += sum(int(t) for t in f.read().rpartition(")")[2].split()[11:13])
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def children():
    try:
        return subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True).stdout.split()
    except OSError:
        return []


def rate(make):
    """Million tokens a second, and a CPU-second, from the third batch on; a loader that ends is started again."""
    tokens, spent, used = 0, 0.0, 0.0
    while spent < seconds:
        loader = iter(make())
        own, took, cpu = 0, 0.0, 0.0
        try:
            for _ in range(2):
                next(loader)
            pids = [os.getpid(), server, *children()]
            before, began = cpu_seconds(pids), time.perf_counter()
            held = 0
            for n in itertools.count(1):
                held += next(loader)["input_ids"].numel()
                # What workers used is known while they live.
                if n % 8 == 0:
                    own, took, cpu = held, time.perf_counter() - began, cpu_seconds(pids) - before
                    if spent + took >= seconds:
                        break
        except StopIteration:
            pass
        tokens, spent, used = tokens + own, spent + took, used + cpu
        del loader
    return tokens / spent / 1e6, tokens / used / 1e6 if used > 0 else float("nan")


if __name__ == "__main__":
    makers = {"FeedDataset": feed, "memory-mapped, as nanoGPT": mapped, "MosaicML Streaming": streaming}
    for workers in (0, 2):
        rates = {name: [] for name in makers}
        for _ in range(3):
            for name, make in makers.items():
                if make is streaming and "streaming" in missing:
                    continue
                rates[name].append(rate(lambda: make(workers)))
        for name, own in rates.items():
            line = {"name": f"{name}, {workers} workers"}
            skipped = {"rate": 0, "note": "skipped: no package streaming in this Python"}
            medians = {"rate": 0, "perCpu": 1}
            found = {key: float(np.median([r[i] for r in own])) for key, i in medians.items()} if own else skipped
            print(json.dumps({**line, **found}), flush=True)
