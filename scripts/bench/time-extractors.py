"""F1 and CPU time of resiliparse and trafilatura on every Nth development page of WCXB, half B, as its own script
counts words. Run by scripts/bench/html.ts: time-extractors.py FOLDER N"""

import gzip
import hashlib
import json
import re
import sys
import time
from collections import Counter
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
        pages.append((html, bag(truth["ground_truth"].get("main_content") or "")))
size = sum(len(html.encode()) for html, _ in pages) / 1e6
for name, extract in ways.items():
    before, total = time.process_time(), 0.0
    texts = [extract(html) for html, _ in pages]
    spent = time.process_time() - before
    for text, (_, want) in zip(texts, pages):
        got = bag(text)
        both, all_words = sum((got & want).values()), sum(got.values()) + sum(want.values())
        total += 1.0 if all_words == 0 else 2 * both / all_words
    print(f"{name}, {len(pages)} pages of half B: {size / spent:.1f} MB/s of CPU, F1 {total / len(pages):.4f}")
