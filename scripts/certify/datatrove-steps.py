"""What datatrove's own URL filter, language filter, PII formatter and sentence deduplication make of documents: for
scripts/certify/datatrove-steps.ts.

    python datatrove-steps.py FOLDER [lid.176.ftz or lid.176.bin]

FOLDER holds urls.jsonl ({"url"} a line), planted.jsonl, repeated.jsonl and languages.jsonl ({"id", "text"} a line).
Written beside them: the lists that the URL filter had (lists/), a file of answers for each step, and the documents of
sentence deduplication with each sentence in a line of its own.
"""
import json
import os
import random
import sys

from datatrove.data import Document
from datatrove.pipeline.dedup import SentenceDedupFilter, SentenceDedupSignature, SentenceFindDedups
from datatrove.pipeline.dedup.sentence_dedup import SentDedupConfig
from datatrove.pipeline.filters import LanguageFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.utils.text import simplify_text, split_into_sentences
from datatrove_lists import url_filter, write_lists

folder = sys.argv[1]
MODEL = sys.argv[2] if len(sys.argv) > 2 else None


def read(name):
    with open(os.path.join(folder, name), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def write(name, rows):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def made_urls(listed, seed):
    """Addresses around what is listed, by a seed: hosts above, below and beside, words whole and in parts."""
    draw = random.Random(seed)
    words, soft, sub = (listed[n] for n in ("banned_words", "soft_banned_words", "banned_subwords"))
    plain = ["the", "water", "mill", "2024", "news", "index.html", "a-long-title", "Q&A", "page"]
    for k in range(20_000):
        host = draw.choice(listed["domains"]) if draw.random() < 0.3 else f"{draw.choice(plain[:5])}{k}.example.org"
        host = draw.choice(["", "", "www.", "a.b.", "x"]) + host
        parts = []
        for _ in range(draw.randrange(5)):
            kind = draw.random()
            word = draw.choice(words if kind < 0.06 else soft if kind < 0.3 else sub if kind < 0.36 else plain)
            parts.append(draw.choice([word, word, word.upper(), f"{word}s", f"the-{word}"]))
        yield f"{draw.choice(['http', 'https'])}://{host}/{draw.choice('/-_').join(parts)}"
    yield from listed["urls"][:1000]


def urls():
    listed = write_lists(os.path.join(folder, "lists"))
    tool = url_filter(listed)
    all_urls = [d["url"] for d in read("urls.jsonl") if d["url"]] + list(made_urls(listed, 20))
    rows = []
    for i, url in enumerate(all_urls):
        said = tool.filter(Document(text="x", id="", metadata={"url": url}))
        rows.append({"id": f"u{i}", "url": url, "text": "x", "said": None if said is True else said[1]})
    write("urls-answers.jsonl", rows)


def languages():
    if MODEL is None:
        return
    from fasttext.FastText import _FastText

    tool = LanguageFilter(["en"])
    tool.model._model = _FastText(MODEL)
    rows = []
    for d in read("languages.jsonl"):
        document = Document(text=d["text"], id=d["id"])
        kept = tool.filter(document)
        rows.append({"id": d["id"], "said": None if kept else "language", **document.metadata})
    write("languages-answers.jsonl", rows)


def masked():
    rows = []
    for d in read("planted.jsonl"):
        # A formatter for each document: the place in its list of replacements would go on else.
        rows.append({"id": d["id"], "text": PIIFormatter().format(d["text"])})
    write("masked-answers.jsonl", rows)


def deduplicated(documents, name, **options):
    """Its three stages; null for documents that are dropped."""
    config = SentDedupConfig(**options)
    docs = lambda: (Document(text=d["text"], id=d["id"]) for d in documents)  # noqa: E731
    at = os.path.join(folder, name)
    SentenceDedupSignature(f"{at}/signatures", config=config).run(docs(), 0, 1)
    SentenceFindDedups(f"{at}/signatures", f"{at}/found", config=config).run(None, 0, 1)
    left = {d.id: d.text for d in SentenceDedupFilter(f"{at}/found", config=config).run(docs(), 0, 1)}
    return [{"id": d["id"], "text": left.get(d["id"])} for d in documents]


def sentences():
    documents = read("repeated.jsonl")
    own = deduplicated(documents, "sentences")
    parted = []
    for d in documents:
        # As it compares them: numbers are 0, marks are blanks. No blank and no full stop ends a sentence of ours then.
        lines = ["\u00a0".join(simplify_text(s).split()) for s in split_into_sentences(d["text"], "eng")]
        parted.append({"id": d["id"], "text": "\n".join(line for line in lines if line)})
    write("parted.jsonl", parted)
    options = {"split_sentences": False, "min_doc_words": 0, "min_num_sentences": 0}
    write("parted-answers.jsonl", deduplicated(parted, "parted", **options))
    write("sentences-answers.jsonl", own)


for step in (urls, languages, masked, sentences):
    if not os.path.exists(os.path.join(folder, f"{step.__name__}-answers.jsonl")):
        step()
