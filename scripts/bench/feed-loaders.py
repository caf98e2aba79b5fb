"""Batches of torch tensors from the same tokens: a feed, MosaicML Streaming, and a memory-mapped file.

  python feed-loaders.py URL MDS_DIR NANOGPT_DIR CONTEXT BATCH SECONDS [missing packages ...]

Each behind a DataLoader with 0 and 2 workers, to batches of int64 input_ids and labels; in turns, three rounds, median.
Prints a line of JSON for each: {"name", "rate"} in million tokens a second.
"""

import json
import sys
import time

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

url, mds, nanogpt, context, batch, seconds, *missing = sys.argv[1:]
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


def rate(make):
    """Million tokens a second, from the third batch on; a loader that ends is started again, the start not counted."""
    tokens, spent = 0, 0.0
    while spent < seconds:
        loader = iter(make())
        try:
            for _ in range(2):
                next(loader)
            began = time.perf_counter()
            while spent + time.perf_counter() - began < seconds:
                item = next(loader)
                tokens += item["input_ids"].numel() if item["labels"].shape == item["input_ids"].shape else 0
        except StopIteration:
            pass
        spent += time.perf_counter() - began
        del loader
    return tokens / spent / 1e6


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
            print(json.dumps({**line, **({"rate": float(np.median(own))} if own else skipped)}), flush=True)
