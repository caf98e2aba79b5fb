"""Times fastText on texts, one by one as its users call it: time-fasttext.py MODEL TEXTS.json SAID.json"""
import json
import sys
import time
import warnings

warnings.simplefilter("ignore")
import fasttext

fasttext.FastText.eprint = lambda *a: None
model = fasttext.load_model(sys.argv[1])
with open(sys.argv[2], encoding="utf-8") as f:
    texts = json.load(f)
lines = [text.replace("\n", " ") for text in texts]
size = sum(len(text.encode()) for text in texts)
best = None
for _ in range(3):
    start = time.process_time()
    said = [model.predict(line) for line in lines]
    spent = time.process_time() - start
    best = spent if best is None else min(best, spent)
with open(sys.argv[3], "w", encoding="utf-8") as f:
    json.dump([[labels[0][9:], float(chances[0])] if labels else None for labels, chances in said], f)
print(f"{size / best / 1e6:.1f} MB/s")
