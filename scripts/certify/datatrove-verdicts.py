"""Runs datatrove's real filters over JSON lines and writes down what they decide, and how long they take: for
scripts/certify/datatrove.ts.

    python datatrove-verdicts.py docs.jsonl verdicts.jsonl times.json minhash-folder

A line of verdicts: the verdict of each filter (null = kept, else the reason), the words and sentence counts that they
saw, and how far the document came in FineWeb's order. Times are CPU seconds of a filter alone over all documents, with
its own splitting of words; nothing is written meanwhile, and what is loaded before the first document does not count.
"""
import hashlib
import json
import sys
import time
from importlib.metadata import version

import datatrove.pipeline.filters.c4_filters as c4
import datatrove.pipeline.filters.fineweb_quality_filter as fineweb
import datatrove.pipeline.filters.gopher_quality_filter as quality
import datatrove.pipeline.filters.gopher_repetition_filter as repetition
from datatrove.data import Document
from datatrove.utils.text import split_into_sentences, split_into_words

FILTERS = {
    "repetition": repetition.GopherRepetitionFilter(),
    "quality": quality.GopherQualityFilter(),
    "c4": c4.C4QualityFilter(),
    "c4_fineweb": c4.C4QualityFilter(filter_no_terminal_punct=False),
    "fineweb": fineweb.FineWebQualityFilter(),
}
CHAIN = ["repetition", "quality", "c4_fineweb", "fineweb"]


def verdict(name, document):
    try:
        result = FILTERS[name].filter(document)
        return None if result is True else result[1] if isinstance(result, tuple) else name
    except ZeroDivisionError:
        return "ZeroDivisionError"


def gaps(text, parts):
    """Lengths of parts in code points, with what stands between them: 5 after a gap of one, "gap:length" else."""
    out, at = [], 0
    for part in parts:
        start = text.index(part, at)
        out.append(len(part) if start - at == 1 else f"{start - at}:{len(part)}")
        at = start + len(part)
    return out


def rows(documents):
    cache, counts = {}, []

    def words(text, language):
        if text not in cache:
            cache.clear()
            cache[text] = split_into_words(text, language)
        return cache[text]

    def sentences(text, language):
        found = split_into_sentences(text, language)
        counts.append(len(found))
        return found

    plain = [(m, m.split_into_words) for m in (fineweb, quality, repetition)]
    for module, _ in plain:
        module.split_into_words = words
    c4.split_into_sentences = sentences
    for d in documents:
        text = d["text"]
        row = {"id": d["id"], "words": gaps(text, words(text, "eng"))}
        for name in FILTERS:
            counts.clear()
            document = Document(text=text, id="")
            row[name] = verdict(name, document)
            if name.startswith("c4"):
                row[name + "_sentences"] = list(counts)
                row[name + "_text"] = None if row[name] else hashlib.sha256(document.text.encode()).hexdigest()[:16]
        document = Document(text=text, id="")
        row["chain"] = next(((n, why) for n in CHAIN if (why := verdict(n, document)) is not None), None)
        row["chain_words"] = gaps(document.text, words(document.text, "eng"))
        yield row
    for module, own in plain:
        module.split_into_words = own
    c4.split_into_sentences = split_into_sentences


def timed(name, texts):
    split_into_sentences("A first sentence is here. The second one follows it.", "eng")
    split_into_words("A first sentence is here.", "eng")
    before = time.process_time()
    for text in texts:
        verdict(name, Document(text=text, id=""))
    return time.process_time() - before


def timed_chain(texts):
    before = time.process_time()
    for text in texts:
        document = Document(text=text, id="")
        all(verdict(name, document) is None for name in CHAIN)
    return time.process_time() - before


def minhash(documents, folder):
    """Ids that survive datatrove's four stages, and the CPU seconds of the first (the signatures)."""
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    config = MinhashConfig()
    docs = lambda: (Document(text=d["text"], id=d["id"]) for d in documents)  # noqa: E731
    before = time.process_time()
    MinhashDedupSignature(f"{folder}/signatures", config=config).run(docs(), 0, 1)
    seconds = time.process_time() - before
    for bucket in range(config.num_buckets):
        step = MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config)
        step.run(None, bucket, config.num_buckets)
    MinhashDedupCluster(f"{folder}/buckets", f"{folder}/removed", config=config).run(None, 0, 1)
    kept = [d.id for d in MinhashDedupFilter(f"{folder}/removed").run(docs(), 0, 1)]
    return kept, seconds


def main(source, verdicts, times, folder):
    with open(source, encoding="utf-8") as lines:
        documents = [json.loads(line) for line in lines]
    texts = [d["text"] for d in documents]
    seconds = {name: timed(name, texts) for name in FILTERS}
    seconds["chain"] = timed_chain(texts)
    with open(verdicts, "w", encoding="utf-8") as out:
        for row in rows(documents):
            out.write(json.dumps(row) + "\n")
    kept, seconds["minhash"] = minhash(documents, folder)
    with open(times, "w", encoding="utf-8") as out:
        versions = {"version": version("datatrove"), "spacy": version("spacy")}
        json.dump({**versions, "seconds": seconds, "minhash": kept}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
