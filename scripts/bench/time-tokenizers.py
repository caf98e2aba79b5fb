"""CPU seconds that the tokenizers library and tiktoken take for texts, on one core: for scripts/bench/bpe.ts.

    python time-tokenizers.py <tokenizer.json> <texts: a JSON list of strings a line>

Reads names of ways from standard input, one a line, and answers each with a line of JSON. Says first which there are.
Loading does not count; making lists of ids in Python does.
"""
import json
import os
import sys
import time
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "certify"))

from token_ids import tiktoken_of  # noqa: E402
from tokenizers import Tokenizer, __version__  # noqa: E402

path, texts = sys.argv[1:]
with open(texts, encoding="utf-8") as lines:
    batches = [json.loads(line) for line in lines]
tokenizer = Tokenizer.from_file(path)
ways = {
    f"tokenizers {__version__} encode_batch": lambda b: [
        len(e.ids) for e in tokenizer.encode_batch(b, add_special_tokens=False)
    ],
    f"tokenizers {__version__} encode_batch_fast": lambda b: [
        len(e.ids) for e in tokenizer.encode_batch_fast(b, add_special_tokens=False)
    ],
}
try:
    import tiktoken

    encoding = tiktoken_of(path)
    ways[f"tiktoken {tiktoken.__version__} encode_ordinary"] = lambda b: [len(encoding.encode_ordinary(t)) for t in b]
except ImportError:
    pass
print(json.dumps(list(ways)), flush=True)
for line in sys.stdin:
    way = ways[line.strip()]
    before = time.process_time()
    ids = sum(sum(way(batch)) for batch in batches)
    print(json.dumps({"seconds": time.process_time() - before, "ids": ids}), flush=True)
