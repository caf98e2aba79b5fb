"""Asks an endpoint about every document with datatrove's InferenceRunner, as its own examples set it up.

Usage: python datatrove-inference.py INPUT.jsonl OUTPUT ENDPOINT CONCURRENCY RECORDS_PER_CHUNK
Run by scripts/certify/paid-once-datatrove.ts, which has the server and kills it.
"""

import sys

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter


async def rollout(document: Document, generate, **_):
    content = f"Say it in other words.\n\n<text>\n{document.text}\n</text>"
    result = await generate({"messages": [{"role": "user", "content": content}], "max_tokens": 512})
    return result.text


def main(source, output, endpoint, concurrency, chunk):
    config = InferenceConfig(
        server_type="endpoint",
        model_name_or_path="m",
        endpoint_url=endpoint,
        max_concurrent_generations=int(concurrency),
        server_ready_delay_sec=0.1,
    )
    runner = InferenceRunner(
        rollout_fn=rollout,
        config=config,
        output_writer=JsonlWriter(f"{output}/answers", output_filename="${rank}_chunk_${chunk_index}.jsonl"),
        checkpoints_local_dir=f"{output}/checkpoints",
        records_per_chunk=int(chunk),
    )
    folder, _, name = source.rpartition("/")
    pipeline = [JsonlReader(folder, glob_pattern=name), runner]
    LocalPipelineExecutor(pipeline=pipeline, logging_dir=f"{output}/logs", tasks=1).run()


main(*sys.argv[1:])
