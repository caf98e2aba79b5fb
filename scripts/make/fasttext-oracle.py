"""Trains small models with the real fastText in all its modes and writes down what it predicts with them.

    python -m venv oracle && oracle/bin/pip install fasttext-wheel "numpy<2"
    oracle/bin/python scripts/make/fasttext-oracle.py test/fixtures/fasttext

Writes <mode>.bin or .ftz and oracle.json: texts (made from a seed here), and of each mode the labels and probabilities
of every text. Training runs in one thread from a fixed seed; another build of the library may round otherwise, so the
models are kept with the numbers.
"""
import json
import os
import random
import sys
import tempfile

import fasttext

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
seed = random.Random(20)

ALPHABETS = [
    "abcdefghiklmnoprstu", "eaoinrtlsdkmvåäö", "оаеинтслвркмдупяы", "αεηιοτσνρκπλμ", "你好世界水门河山高低左右",
    "aeioumnngkd", "éèàçeaiourstln", "мнгдзовисетар", "😀🎉abc", "íáéóúěščřžýte",
]


def words_of(alphabet, count):
    return ["".join(seed.choice(alphabet) for _ in range(seed.randint(1, 9))) for _ in range(count)]


VOCABULARIES = [words_of(alphabet, 60) for alphabet in ALPHABETS]


def line(vocabulary, length):
    return " ".join(seed.choice(vocabulary) for _ in range(length))


def write_training(path, label_count):
    with open(path, "w", encoding="utf-8") as f:
        for i in range(max(400, 3 * label_count)):
            label = i % label_count
            text = line(VOCABULARIES[label % len(VOCABULARIES)], seed.randint(3, 25))
            extra = f" only{label}" if label_count > len(VOCABULARIES) else ""
            f.write(f"__label__{'l' + str(label)} {text}{extra}\n")


MODES = {
    "words-softmax": dict(loss="softmax", dim=5),
    "pairs-hs": dict(loss="hs", dim=6, wordNgrams=2, bucket=300),
    "subwords-softmax": dict(loss="softmax", dim=16, wordNgrams=3, minn=2, maxn=4, bucket=500),
    "subwords-ova": dict(loss="ova", dim=10, minn=1, maxn=3, bucket=400),
    "pairs-ns": dict(loss="ns", dim=20, wordNgrams=2, bucket=350),
    "many-softmax": dict(loss="softmax", dim=7, wordNgrams=2, minn=3, maxn=3, bucket=300, labels=260),
    "many-hs": dict(loss="hs", dim=4, minn=3, maxn=5, bucket=300, labels=260),
}
QUANTIZED = {
    "plain": ("subwords-softmax", dict()),
    "pruned": ("subwords-softmax", dict(cutoff=300, retrain=True, qnorm=True)),
    "pruned-hs": ("pairs-hs", dict(cutoff=280, retrain=True, dsub=3)),
    "output": ("many-softmax", dict(qout=True, qnorm=True)),
    "output-hs": ("many-hs", dict(qout=True, cutoff=270, retrain=True, dsub=2)),
}

texts = [line(v, seed.randint(1, 40)) for v in VOCABULARIES for _ in range(3)]
texts += [line(VOCABULARIES[i] + VOCABULARIES[j], 12) for i, j in ((0, 1), (2, 7), (4, 5))]
texts += [
    "", " ", "\t\r\v\f", "\x00\x00", "zzzz", "z", "日", "</s>", "a </s> " + texts[0], "</s",
    "__label__l1", "__label__", "__label__l1 " + texts[0], texts[3] + " __label__none x", "__label_", "_",
    texts[0].replace(" ", "\n"), texts[1].replace(" ", "\x00"), "x" * 3000, (texts[2] + " ") * 40, "a" * 1 + "\n",
    "only7", "only259 only3", "e\u0301 \u200b x", "ééééé", "<b> > < <>",
]

results = {}
with tempfile.TemporaryDirectory() as work:
    def predictions(model):
        rows = []
        for text in texts:
            labels, chances = model.predict(text.replace("\n", " "), k=4)
            rows.append([[label[9:], float(chance)] for label, chance in zip(labels, chances)])
        return rows

    def train(name):
        options = dict(MODES[name])
        path = os.path.join(work, "train.txt")
        write_training(path, options.pop("labels", len(VOCABULARIES)))
        return path, fasttext.train_supervised(path, thread=1, epoch=25, lr=0.5, seed=7, verbose=0, **options)

    for name in MODES:
        _, model = train(name)
        model.save_model(os.path.join(folder, f"{name}.bin"))
        results[f"{name}.bin"] = predictions(model)
    for name, (base, options) in QUANTIZED.items():
        path, model = train(base)
        model.quantize(input=path, thread=1, **options)
        model.save_model(os.path.join(folder, f"{name}.ftz"))
        # What was saved is what is compared: loading packs the words anew.
        results[f"{name}.ftz"] = predictions(fasttext.load_model(os.path.join(folder, f"{name}.ftz")))

with open(os.path.join(folder, "oracle.json"), "w", encoding="utf-8") as f:
    json.dump({"texts": texts, "models": results}, f, ensure_ascii=True, separators=(",", ":"))
    f.write("\n")
