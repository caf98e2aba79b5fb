"""F1 and CPU time of resiliparse and trafilatura on every Nth development page of WCXB, half B, as its own script
counts words. Run by scripts/bench/html.ts: time-extractors.py FOLDER N"""

import gzip
import hashlib
import json
import re
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

try:
    from resiliparse.extract.html2text import extract_plain_text
    import trafilatura
except ImportError:
    sys.exit(3)

folder, every = Path(sys.argv[1]), int(sys.argv[2])
ways = {
    "resiliparse main content": lambda html: extract_plain_text(html, main_content=True),
    "trafilatura standard": lambda html: trafilatura.extract(html) or "",
}
token = re.compile(r"\w+")
bag = lambda text: Counter(token.findall(text.lower()))


def half(url: str) -> int:
    site = re.match(r"(?:[a-z]+://)?(?:www\.)?([^/]*)", url, re.I).group(1)
    return hashlib.md5(site.encode()).digest()[-1] % 2


pages = []
for path in sorted(folder.glob("dev/html/*.html.gz"))[::every]:
    truth = json.loads((folder / "dev/ground-truth" / (path.name[:-8] + ".json")).read_text())
    if half(truth.get("url", "")) == 1:
        html = gzip.open(path, "rt", encoding="utf-8", errors="replace").read()
        kind = (truth.get("_internal") or {}).get("page_type", {}).get("primary") or "article"
        want = bag(truth["ground_truth"].get("main_content") or "")
        pages.append((html, want, "collection" if kind == "category" else kind))
size = sum(len(html.encode()) for html, _, _ in pages) / 1e6
for name, extract in ways.items():
    before, scores = time.process_time(), defaultdict(list)
    texts = [extract(html) for html, _, _ in pages]
    spent = time.process_time() - before
    for text, (_, want, kind) in zip(texts, pages):
        got = bag(text)
        both, gets, wants = sum((got & want).values()), sum(got.values()), sum(want.values())
        if gets == 0 or wants == 0:
            score = (float(gets == wants),) * 3
        else:
            score = (both / gets, both / wants, 2 * both / (gets + wants))
        scores["all"].append(score)
        scores[kind].append(score)
    print(f"{name}, {len(pages)} pages of half B: {size / spent:.1f} MB/s of CPU; precision, recall, F1")
    for kind, found in sorted(scores.items()):
        means = [sum(column) / len(found) for column in zip(*found)]
        print(f"  {kind:14} {len(found)} " + " ".join(f"{m:.3f}" for m in means))
