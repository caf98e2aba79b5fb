"""Trains the trees that tell blocks of a page apart (models/html/blocks.bin) on the half A of the development pages of
WCXB, from what scripts/make/html-blocks.ts has written. Needs lightgbm and numpy.

  node --import tsx scripts/make/html-blocks.ts WCXB_FOLDER FOLDER
  python scripts/make/html-model.py FOLDER [members] [trees] [leaves] [all]

Several members, each of which sees three of four pages, are averaged: what one of them takes for a rule because of a
few pages the others do not."""

import hashlib
import json
import struct
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np

folder = Path(sys.argv[1])
members = int(sys.argv[2]) if len(sys.argv) > 2 else 4
trees = int(sys.argv[3]) if len(sys.argv) > 3 else 80
leaves = int(sys.argv[4]) if len(sys.argv) > 4 else 16
count = json.loads(folder.joinpath("features.json").read_text())["features"]


def digest(text: str) -> int:
    return int(hashlib.md5(text.encode()).hexdigest(), 16)


# Half A alone is looked at, or all pages with a fifth argument; scripts/bench/html.ts measures both.
everything = np.memmap(folder / "features.bin", dtype=np.int32, mode="r").reshape(-1, count)
pages, rows, at = [], [], 0
for line in folder.joinpath("pages.jsonl").open():
    page = json.loads(line)
    if digest(page["site"]) % 2 == 0 or len(sys.argv) > 5:
        pages.append(page)
        rows.append(np.arange(at, at + page["n"]))
    at += page["n"]
numbers = everything[np.concatenate(rows)].astype(np.float32)
page_of = np.repeat(np.arange(len(pages)), [p["n"] for p in pages])
truth = np.concatenate([np.array(p["label"]) for p in pages]) / 100
words = np.concatenate([np.maximum(np.array(p["words"]), 1) for p in pages]).astype(float)
truth_words = np.array([p["truthWords"] for p in pages], float)
# A word that is wrong costs a page more where its text is short. Short blocks count for more than their words: the
# long ones are learned anyway.
weight = np.minimum(words / (truth_words[page_of] + 200), 1.0) ** 0.7 * (0.2 + 1.6 * np.abs(truth - 0.5))
options = dict(
    objective="binary", learning_rate=0.1, num_leaves=leaves, min_data_in_leaf=200, feature_fraction=0.3,
    bagging_fraction=0.6, bagging_freq=1, lambda_l2=10, verbosity=-1, num_threads=1, max_bin=63, deterministic=True,
    force_row_wise=True,
)
data = lgb.Dataset(numbers, label=(truth >= 0.5).astype(int), weight=weight, params=options, free_raw_data=False)
data.construct()


def member(seed: int):
    """Made before with the same arguments, or made now: a run that was stopped goes on."""
    path = folder / f"member-{seed}-{'-'.join(sys.argv[3:])}.txt"
    if path.exists():
        return lgb.Booster(model_file=str(path))
    seen = np.array([digest(f"{p['id']}/{seed}") % 4 > 0 for p in pages])
    model = lgb.train({**options, "seed": seed}, data.subset(np.nonzero(seen[page_of])[0]), trees)
    model.save_model(str(path))
    print(path, flush=True)
    return model


def write(path, models):
    """Version and number of trees as u32. Each tree: numbers of nodes and leaves u16; nodes as feature u16, threshold
    i32, left i16, right i16 (negative: leaf -1 - n); leaves as i32, in thousandths."""
    found = [tree for model in models for tree in model.dump_model()["tree_info"]]
    data = struct.pack("<II", 2, len(found))
    for tree in found:
        nodes, ends = [], []

        def walk(node):
            if "leaf_value" in node:
                ends.append(round(node["leaf_value"] * 1000 / len(models)))
                return -len(ends)
            at = len(nodes)
            nodes.append(None)
            low, high = walk(node["left_child"]), walk(node["right_child"])
            nodes[at] = (node["split_feature"], int(np.floor(node["threshold"])), low, high)
            return at

        walk(tree["tree_structure"])
        data += struct.pack("<HH", len(nodes), len(ends))
        for feature, threshold, low, high in nodes:
            data += struct.pack("<Hihh", feature, max(min(threshold, 2**31 - 1), -(2**31)), low, high)
        data += struct.pack(f"<{len(ends)}i", *ends)
    path.write_bytes(data)
    print(path, len(data), "bytes")


out = Path(__file__).parents[2] / "models" / "html"
out.mkdir(parents=True, exist_ok=True)
write(out / "blocks.bin", [member(seed) for seed in range(1, members + 1)])
