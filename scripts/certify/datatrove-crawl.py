"""FineWeb's order in datatrove, from a .warc.gz to JSON lines, in this process: for scripts/certify/datatrove-crawl.ts.

    python datatrove-crawl.py crawl.warc.gz output-folder

Prints JSON: CPU seconds from the first record on, and of each stage how many documents came and how many went on. The
language filter is left out on both sides: its model is a download.
"""
import json
import os
import shutil
import sys
import time
from importlib.metadata import version

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import WarcReader
from datatrove.pipeline.writers import JsonlWriter

source, output = sys.argv[1:]
folder = os.path.join(output, "in")
os.makedirs(folder)
shutil.copy(source, folder)


class Stage:
    """Counts documents and ids between two stages."""

    def __init__(self, name):
        self.name, self.ids = name, []

    def __deepcopy__(self, memo):
        return self  # the executor works on a copy of the pipeline

    def __call__(self, data, rank=0, world_size=1):
        for document in data:
            self.ids.append(document.metadata["url"])
            yield document


stages = [Stage(name) for name in ("read", "extract", "repetition", "quality", "c4", "fineweb")]
pipeline = [
    WarcReader(folder),
    stages[0],
    Trafilatura(favour_precision=True),
    stages[1],
    GopherRepetitionFilter(),
    stages[2],
    GopherQualityFilter(),
    stages[3],
    C4QualityFilter(filter_no_terminal_punct=False),
    stages[4],
    FineWebQualityFilter(),
    stages[5],
    PIIFormatter(),
    JsonlWriter(os.path.join(output, "out")),
]
before = time.process_time()
LocalPipelineExecutor(pipeline=pipeline, tasks=1, logging_dir=os.path.join(output, "logs")).run()
print(
    json.dumps(
        {
            "seconds": time.process_time() - before,
            "version": version("datatrove"),
            "trafilatura": version("trafilatura"),
            "stages": {stage.name: stage.ids for stage in stages},
        }
    )
)
