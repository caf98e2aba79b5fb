"""CPU seconds that datatrove's own filters of the FineWeb pipeline take over JSON lines: for
scripts/bench/datatrove.ts.

    python time-datatrove.py docs.jsonl

In the order of the pipeline: Gopher repetition, Gopher quality, C4 without its punctuation rule, FineWeb's rules; a
document that one
of them drops is not seen by the next. Code and tables pass unseen, as in recipes/fineweb.ts. What is imported and
loaded before the first document
does not count, nor is anything written. Prints one line of JSON.
"""
import json
import sys
import time
from importlib.metadata import version

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

filters = [
    GopherRepetitionFilter(),
    GopherQualityFilter(),
    C4QualityFilter(filter_no_terminal_punct=False),
    FineWebQualityFilter(),
]


def keeps(text):
    document = Document(text=text, id="")
    try:
        return all(one.filter(document) is True for one in filters)
    except ZeroDivisionError:
        return False


# Loads the splitter of words and of sentences.
keeps("A first sentence is here. The second one follows it, and this is the end of them.\n" * 20)
documents = kept = text_bytes = 0
before = time.process_time()
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        one = json.loads(line)
        documents += 1
        text_bytes += len(one["text"].encode("utf-8"))
        domain = one.get("domain") or one.get("metadata", {}).get("domain")
        kept += domain in ("code", "table") or keeps(one["text"])
seconds = time.process_time() - before
counts = {"documents": documents, "kept": kept, "textBytes": text_bytes, "seconds": seconds}
print(json.dumps({"version": version("datatrove"), **counts}))
