"""Trains the trees that tell blocks of a page apart (models/html/blocks.bin) on the half A of the development pages of
WCXB, from what scripts/make/html-blocks.ts has written. Needs lightgbm and numpy.

  node --import tsx scripts/make/html-blocks.ts WCXB_FOLDER FOLDER
  python scripts/make/html-model.py FOLDER [trees] [leaves] [all]

The first trees see the numbers of a block; the second see those and the scores that the first give around it. The first
scores that the second are trained on come from trees that have not seen the site (3 folds)."""

import hashlib
import json
import struct
import sys
from pathlib import Path

import lightgbm as lgb
import numpy as np

folder = Path(sys.argv[1])
trees = int(sys.argv[2]) if len(sys.argv) > 2 else 80
leaves = int(sys.argv[3]) if len(sys.argv) > 3 else 12
head = json.loads(folder.joinpath("features.json").read_text())
count, second = head["features"], head["second"]


def digest(text: str) -> int:
    return int(hashlib.md5(text.encode()).hexdigest(), 16)


# Half A alone is looked at, or all pages with a fourth argument; scripts/bench/html.ts measures both.
everything = np.memmap(folder / "features.bin", dtype=np.int32, mode="r").reshape(-1, count)
pages, rows, at = [], [], 0
for line in folder.joinpath("pages.jsonl").open():
    page = json.loads(line)
    if digest(page["site"]) % 2 == 0 or len(sys.argv) > 4:
        pages.append(page)
        rows.append(np.arange(at, at + page["n"]))
    at += page["n"]
numbers = everything[np.concatenate(rows)].astype(np.float32)
starts = np.cumsum([0] + [p["n"] for p in pages])
page_of = np.repeat(np.arange(len(pages)), [p["n"] for p in pages])
truth = np.concatenate([np.array(p["label"]) for p in pages]) / 100
words = np.concatenate([np.maximum(np.array(p["words"]), 1) for p in pages]).astype(float)
truth_words = np.array([p["truthWords"] for p in pages], float)
# A word that is wrong costs a page more where its text is short. Short blocks count for more than their words: the
# long ones are learned anyway.
weight = np.minimum(words / (truth_words[page_of] + 200), 1.0) ** 0.7 * (0.2 + 1.6 * np.abs(truth - 0.5))
FOLDS = 3
fold = np.array([digest(p["site"] + "/fold") % FOLDS for p in pages])
MOST = 6000
options = dict(
    objective="binary", learning_rate=0.1, num_leaves=leaves, min_data_in_leaf=200, feature_fraction=0.15,
    bagging_fraction=0.5, bagging_freq=1, lambda_l2=10, verbosity=-1, num_threads=2, seed=1, max_bin=63,
)


def dataset(x):
    made = lgb.Dataset(x, label=(truth >= 0.5).astype(int), weight=weight, params=options, free_raw_data=False)
    return made.construct()


def fit(data, rows=None):
    return lgb.train(options, data if rows is None else data.subset(np.nonzero(rows)[0]), trees)


def whole(score):
    return np.clip(np.rint(score * 1000), -MOST, MOST).astype(np.int32)


def around(scores):
    """The numbers of the second trees: as `writeSecond` in src/kernels/reference/html/trees.ts."""
    out = np.zeros((len(scores), second), np.int32)
    for k, p in enumerate(pages):
        a, b = starts[k], starts[k + 1]
        s, chars, n = scores[a:b], np.array(p["chars"], float), b - a
        if n == 0:
            continue
        padded = np.concatenate([np.full(8, -MOST), s, np.full(8, -MOST)])
        cols = [padded[8 + d : 8 + d + n] for d in (0, -1, -2, -3, 1, 2, 3)]
        sums = np.concatenate([[0], np.cumsum(s * chars)])
        total = np.concatenate([[0], np.cumsum(chars)])
        first, end, parent = (np.array(p[x]) for x in ("first", "end", "parents"))
        e = np.array(p["elements"])
        for _ in range(4):
            cols.append(np.floor((sums[end[e]] - sums[first[e]]) / np.maximum(total[end[e]] - total[first[e]], 1)))
            e = parent[e]
        cols.append(np.full(n, np.floor(sums[n] / max(total[n], 1))))
        i = np.arange(n)
        for lo, hi in ((np.maximum(i - 5, 0), i), (np.minimum(i + 1, n), np.minimum(i + 6, n))):
            cols.append(np.floor((sums[hi] - sums[lo]) / np.maximum(total[hi] - total[lo], 1)))
        cols.append(np.max([padded[8 - d : 8 - d + n] for d in range(1, 9)], axis=0))
        cols.append(np.max([padded[8 + d : 8 + d + n] for d in range(1, 9)], axis=0))
        out[a:b] = np.stack(cols, axis=1)
    return out


def write(path, models):
    """Each tree: nodes as feature u16, threshold i32, left i16, right i16 (negative: leaf -1 - n); leaves as i32."""
    data = struct.pack("<II", 1, len(models))
    for model in models:
        found = model.dump_model()["tree_info"]
        data += struct.pack("<I", len(found))
        for tree in found:
            nodes, ends = [], []

            def walk(node):
                if "leaf_value" in node:
                    ends.append(round(node["leaf_value"] * 1000))
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


def kept(name, make):
    """What was made before with the same arguments, or it is made now: a run that was stopped goes on."""
    path = folder / f"{name}-{'-'.join(sys.argv[2:])}.txt"
    if path.exists():
        return lgb.Booster(model_file=str(path))
    model = make()
    model.save_model(str(path))
    print(name, flush=True)
    return model


data = None


def first_data():
    global data
    data = data or dataset(numbers)
    return data


scores = np.zeros(len(numbers), np.int32)
for k in range(FOLDS):
    rest = fold[page_of] == k
    model = kept(f"fold-{k}", lambda: fit(first_data(), ~rest))
    scores[rest] = whole(model.predict(numbers[rest], raw_score=True))
first = kept("first", lambda: fit(first_data()))
both = np.concatenate([around(scores).astype(np.float32), numbers], axis=1)
last = kept("second", lambda: fit(dataset(both)))
out = Path(__file__).parents[2] / "models" / "html"
out.mkdir(parents=True, exist_ok=True)
write(out / "blocks.bin", [first, last])
