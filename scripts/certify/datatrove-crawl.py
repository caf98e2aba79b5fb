"""A recipe in datatrove, from a .warc.gz to JSON lines, in this process: for scripts/certify/datatrove-crawl.ts.

    python datatrove-crawl.py fineweb|c4 crawl.warc.gz output-folder lists-folder [lid.176.ftz or lid.176.bin]

lists-folder: what `datatrove_lists.py` wrote. Prints JSON: CPU seconds from the first record on, what is loaded before
it left out, and of each stage the ids of the documents that went on. Writes extracted.jsonl, the texts of its
extractor, and kept.jsonl. Without a language model the language filter is left out.
"""
import json
import os
import shutil
import sys
import time
from importlib.metadata import version

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter
from datatrove.pipeline.dedup import MinhashDedupSignature, SentenceDedupFilter, SentenceDedupSignature
from datatrove.pipeline.dedup import SentenceFindDedups
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.dedup.sentence_dedup import SentDedupConfig
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter
from datatrove.pipeline.filters import GopherRepetitionFilter, LanguageFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import WarcReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.text import split_into_sentences, split_into_words
from datatrove_lists import EVERY, WORDS, url_filter

recipe, source, output, lists, *rest = sys.argv[1:]
folder = os.path.join(output, "in")
os.makedirs(folder)
shutil.copy(source, folder)
stages = []


class Stage:
    """Counts documents between two stages."""

    def __init__(self, name):
        self.name, self.documents = name, []
        stages.append(self)

    def __deepcopy__(self, memo):
        return self  # the executor works on a copy of the pipeline

    def __call__(self, data, rank=0, world_size=1):
        for document in data:
            self.documents.append((document.id, document.text))
            yield document


def listed(name):
    with open(os.path.join(lists, name), encoding="utf-8") as lines:
        return [line.strip() for line in lines]


def language():
    if not rest:
        return []
    from fasttext.FastText import _FastText

    step = LanguageFilter(["en"])
    step.model._model = _FastText(rest[0])
    # A pipeline is copied, a model is not.
    LanguageFilter.__deepcopy__ = lambda self, memo: self
    return [step, Stage("language")]


class NearCopies:
    """The four stages of MinHash, which datatrove runs one after the other over all documents."""

    def __deepcopy__(self, memo):
        return self

    def __call__(self, data, rank=0, world_size=1):
        documents = list(data)
        at, config = os.path.join(output, "near"), MinhashConfig()
        MinhashDedupSignature(f"{at}/signatures", config=config).run(iter(documents), 0, 1)
        for bucket in range(config.num_buckets):
            step = MinhashDedupBuckets(f"{at}/signatures", f"{at}/buckets", config=config)
            step.run(None, bucket, config.num_buckets)
        MinhashDedupCluster(f"{at}/buckets", f"{at}/removed", config=config).run(None, 0, 1)
        yield from MinhashDedupFilter(f"{at}/removed").run(iter(documents), 0, 1)


class Sentences(NearCopies):
    """The three stages of sentence deduplication."""

    def __call__(self, data, rank=0, world_size=1):
        documents = list(data)
        at, config = os.path.join(output, "sentences"), SentDedupConfig()
        SentenceDedupSignature(f"{at}/signatures", config=config).run(iter(documents), 0, 1)
        SentenceFindDedups(f"{at}/signatures", f"{at}/found", config=config).run(None, 0, 1)
        yield from SentenceDedupFilter(f"{at}/found", config=config).run(iter(documents), 0, 1)


split_into_words("A first sentence is here.", "eng")
split_into_sentences("A first sentence is here. The second one follows it.", "eng")
urls = url_filter({name: listed(name) for name in (*EVERY, *WORDS)})
read = [WarcReader(folder), Stage("read"), urls, Stage("url")]
read += [Trafilatura(favour_precision=True), Stage("extract")]
steps = {
    "fineweb": lambda: [
        *language(),
        *[GopherRepetitionFilter(), Stage("repetition")],
        *[GopherQualityFilter(), Stage("quality")],
        *[C4QualityFilter(filter_no_terminal_punct=False), Stage("c4")],
        *[FineWebQualityFilter(), Stage("fineweb")],
        *[PIIFormatter(), NearCopies(), Stage("minhash")],
    ],
    "c4": lambda: [
        *[C4QualityFilter(min_num_sentences=3, min_words_per_line=5), Stage("c4")],
        *language(),
        *[Sentences(), Stage("sentences")],
    ],
}
pipeline = [*read, *steps[recipe](), JsonlWriter(os.path.join(output, "out"))]
before = time.process_time()
LocalPipelineExecutor(pipeline=pipeline, tasks=1, logging_dir=os.path.join(output, "logs")).run()
seconds = time.process_time() - before
for name, stage in (("extracted", stages[2]), ("kept", stages[-1])):
    with open(os.path.join(output, f"{name}.jsonl"), "w", encoding="utf-8") as out:
        out.writelines(json.dumps({"id": id, "text": text}) + "\n" for id, text in stage.documents)
versions = {"version": version("datatrove"), "trafilatura": version("trafilatura")}
ids = {stage.name: [id for id, _ in stage.documents] for stage in stages}
print(json.dumps({"seconds": seconds, **versions, "stages": ids}))
