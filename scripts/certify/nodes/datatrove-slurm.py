"""Submits an exact deduplication and a length filter to Slurm with datatrove's own executor: three array jobs.

Usage: python datatrove-slurm.py INPUT_FOLDER OUTPUT TASKS COUNT_FILE
Run by datatrove-slurm.ts, which kills tasks and gives the same command again. A byte goes to COUNT_FILE for every
document that a task reads.
"""

import os
import sys

from datatrove.data import DocumentsPipeline
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup.exact_dedup import (
    ExactDedupConfig,
    ExactDedupFilter,
    ExactDedupSignature,
    ExactFindDedups,
)
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter


class Count(PipelineStep):
    name = "count"

    def __init__(self, path):
        super().__init__()
        self.path = path

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        # The pipeline is pickled without the globals of this module.
        import os

        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for document in data:
            os.write(file, b".")
            yield document


def text_of(document) -> str:
    return document.text


def is_long(document) -> bool:
    return len(document.text) >= 300


def main(source, output, tasks, counted):
    config = ExactDedupConfig(content_getter=text_of)
    common = dict(
        tasks=tasks,
        time="00:10:00",
        partition="all",
        qos=None,
        mail_type="NONE",
        env_command=f"export PATH={os.path.dirname(sys.executable)}:$PATH",
        mem_per_cpu_gb=1,
    )
    reads = [JsonlReader(source), Count(counted)]
    first = SlurmPipelineExecutor(
        pipeline=[*reads, ExactDedupSignature(f"{output}/signatures", config)],
        logging_dir=f"{output}/logs/1",
        job_name="dt-1",
        **common,
    )
    second = SlurmPipelineExecutor(
        pipeline=[ExactFindDedups(f"{output}/signatures", f"{output}/found", config)],
        logging_dir=f"{output}/logs/2",
        job_name="dt-2",
        depends=first,
        **{**common, "tasks": 1},
    )
    SlurmPipelineExecutor(
        pipeline=[
            *reads,
            ExactDedupFilter(f"{output}/found", config),
            LambdaFilter(is_long),
            JsonlWriter(f"{output}/documents", compression=None),
        ],
        logging_dir=f"{output}/logs/3",
        job_name="dt-3",
        depends=second,
        **common,
    ).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
