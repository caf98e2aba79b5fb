"""Reads steps of a feed in several ways and prints, as JSON, what each gave.

    check.py URL
"""

import json
import sys

from torch.utils.data import DataLoader

from sluice_feed import FeedDataset, FeedError
from sluice_feed.answer import TokenFiles


def shown(step):
    rows = zip(step["slot"].tolist(), step["domain"].tolist(), step["epoch"].tolist(), step["index"].tolist())
    return {
        "step": step["step"],
        "sequences": [list(row) for row in rows],
        "ids": step["input_ids"][:, :6].tolist(),
        "labels": step["labels"].tolist(),
        "length": step["length"].tolist(),
        "document": step["document"].tolist(),
    }


def first(items, count):
    got = []
    for item in items:
        got.append(item)
        if len(got) == count:
            return got
    return got


def main():
    url = sys.argv[1]
    found = {}
    found["plain"] = [shown(s) for s in first(FeedDataset(url), 6)]
    for workers in (0, 2):
        loader = DataLoader(FeedDataset(url), batch_size=None, num_workers=workers)
        found[f"workers{workers}"] = [shown(s) for s in first(loader, 6)]
    found["http"] = [shown(s) for s in first(FeedDataset(url, mapped=False), 6)]
    # The first does not answer.
    found["several"] = [shown(s) for s in first(FeedDataset(["http://127.0.0.1:9", url]), 6)]
    local = FeedDataset(url)
    first(local, 1)
    found["mapped"] = local.client.mapped
    # As where another machine has other files under the same names: they are compared once, and not used.
    opened = TokenFiles.open
    TokenFiles.open = lambda *given: [tokens + 1 for tokens in opened(*given)]
    elsewhere = FeedDataset(url)
    found["elsewhere"] = [shown(s) for s in first(elsewhere, 6)]
    found["refused_files"] = elsewhere.client._files is False
    # As where a file is gone once they are used.
    TokenFiles.open = opened
    gone = FeedDataset(url, prefetch=0)
    gone.client.answer(0)
    TokenFiles.open = lambda *given: None
    found["gone"] = [shown(s) for s in first(gone, 6)]
    TokenFiles.open = opened
    dataset = FeedDataset(url)
    first(dataset, 2)
    again = FeedDataset(url)
    again.load_state_dict(dataset.state_dict())
    found["resumed"] = [shown(s) for s in first(again, 4)]
    ranks = [first(FeedDataset(url, rank=r, world=3), 6) for r in range(3)]
    found["ranks"] = [[shown(s)["sequences"] for s in rank] for rank in ranks]
    masked = first(FeedDataset(url, mask_boundaries=True), 1)[0]
    found["masked"] = masked["labels"].tolist()
    found["sequences"] = [int(s["slot"]) for s in first(FeedDataset(url, sequences=True), 5)]
    try:
        dataset.post_losses(0, {"wiki": 1.0})
    except FeedError as error:
        found["refused"] = str(error)
    try:
        dataset.post_losses(0, {"web": float("nan")})
    except ValueError as error:
        found["nan"] = str(error)
    try:
        FeedDataset(url, vocabulary=200)
    except ValueError as error:
        found["vocabulary"] = str(error)
    found["stateful"] = stateful(url)
    print(json.dumps(found))


def stateful(url):
    """Steps before and after a restart of StatefulDataLoader with two workers; null without torchdata."""
    try:
        from torchdata.stateful_dataloader import StatefulDataLoader
    except ImportError:
        return None
    before = StatefulDataLoader(FeedDataset(url), batch_size=None, num_workers=2)
    steps = [s["step"] for s in first(before, 3)]
    state = before.state_dict()
    after = StatefulDataLoader(FeedDataset(url), batch_size=None, num_workers=2)
    after.load_state_dict(state)
    return [steps, [s["step"] for s in first(after, 3)]]


if __name__ == "__main__":
    main()
