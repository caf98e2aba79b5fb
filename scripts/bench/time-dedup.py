"""Near copies from .jsonl.zst to Parquet by Sluice, rensa, datasketch and text-dedup, in turns, each in a process of
its own: CPU of the whole process with its children, and what it dropped. Shingles of 5 words, threshold 0.7.
time-dedup.py FOLDER CLI [ROUNDS] [TOOL ...]; needs pyarrow and zstandard, and of the other tools those that are there.
A miss: of a planted pair (equal, or true Jaccard 0.7 or more) both stay. A false removal: a dropped document whose true
Jaccard with the document that stands for it is below 0.7."""

import glob
import importlib.util
import io
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile

WORD = re.compile(r"\w+")
THRESHOLD = 0.7
RECIPE = """import { dedup, parquet, recipe } from 'sluice';
export default recipe({ name: 'near', steps: [dedup.minhash()], sinks: [parquet()], expected: { all: { max: 1 } } });
"""


def documents(folder):
    import zstandard

    for path in sorted(glob.glob(f"{folder}/docs-*.zst")):
        with open(path, "rb") as file:
            stream = zstandard.ZstdDecompressor().stream_reader(file)
            for line in io.TextIOWrapper(stream, encoding="utf-8"):
                yield json.loads(line)


def shingles(text):
    words = WORD.findall(text.lower())
    return {" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))} if words else set()


def write(out, docs, twin):
    """Kept documents as Parquet, and of each dropped one the id of the document that stands for it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept = [d for i, d in enumerate(docs) if i not in twin]
    columns = {k: [d[k] for d in kept] for k in ("id", "text")}
    columns["metadata"] = [json.dumps(d.get("metadata")) for d in kept]
    pq.write_table(pa.table(columns), f"{out}/kept.parquet", compression="zstd")
    with open(f"{out}/dropped.json", "w") as file:
        json.dump({docs[i]["id"]: docs[j]["id"] for i, j in twin.items()}, file)


def twins(index, signatures):
    """Of each document that is like an earlier one that stays: the first such. One pass, as these tools are used."""
    twin = {}
    for i, signature in enumerate(signatures):
        alike = index.query(signature)
        if alike:
            twin[i] = min(alike)
        else:
            index.insert(i, signature)
    return twin


def rensa_pipeline(folder, out):
    from rensa import RMinHash, RMinHashLSH

    docs = list(documents(folder))
    signatures = RMinHash.from_token_sets([shingles(d["text"]) for d in docs], 112, 42)
    write(out, docs, twins(RMinHashLSH(THRESHOLD, 112, 14), signatures))


def datasketch_pipeline(folder, out):
    from datasketch import MinHash, MinHashLSH

    def signature(text):
        made = MinHash(num_perm=112)
        made.update_batch([s.encode() for s in shingles(text)])
        return made

    docs = list(documents(folder))
    write(out, docs, twins(MinHashLSH(num_perm=112, params=(14, 8)), (signature(d["text"]) for d in docs)))


def text_dedup_pipeline(folder, out):
    import datasets

    docs = list(documents(folder))
    datasets.Dataset.from_dict({"text": [d["text"] for d in docs]}).save_to_disk(f"{out}/in")
    subprocess.run(
        [sys.executable, "-m", "text_dedup.minhash", "--path", f"{out}/in", "--local", "--column", "text",
         "--output", f"{out}/out", "--cache_dir", f"{out}/cache", "--ngram", "5", "--min_length", "0", "--num_perm",
         "112", "--b", "14", "--r", "8", "--threshold", str(THRESHOLD), "--num_proc", "1", "--hash_func", "xxh3",
         "--hash_bits", "32", "--debug"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    # With --debug it leaves the clusters beside the output.
    import pickle

    with open(f"{out}/out/uf.pkl", "rb") as file:
        clusters = pickle.load(file)
    write(out, docs, {i: clusters.find(i) for i in range(len(docs)) if clusters.find(i) != i})


def sluice_pipeline(folder, out, cli):
    with open(f"{out}/near.mjs", "w") as file:
        file.write(RECIPE)
    subprocess.run(
        ["node", cli, "run", f"{out}/near.mjs", "--input", f"{folder}/docs-*.zst", "--workers", "1", "--output",
         f"{out}/run"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def sluice_dropped(out):
    import pyarrow.parquet as pq

    names = ["id", "outcome", "duplicate_of", "file", "block", "offset"]
    rows = pq.read_table(f"{out}/run/ledger", columns=names).to_pylist()
    of = {f"{r['file']}#{r['block']}.{r['offset']}": r["id"] for r in rows}
    return {r["id"]: of[r["duplicate_of"]] for r in rows if r["outcome"] == "dropped"}


def score(folder, dropped, sets):
    missed = planted = 0
    with open(f"{folder}/truth.jsonl") as file:
        for line in file:
            pair = json.loads(line)
            exact = pair["kind"] in ("exact", "exact_after_normalising")
            if pair.get("negative") or not (exact or pair.get("jaccard_word5", 0) >= THRESHOLD):
                continue
            planted += 1
            missed += pair["a"] not in dropped and pair["b"] not in dropped
    def alike(a, b):
        return len(sets[a] & sets[b]) / max(1, len(sets[a] | sets[b]))
    return missed, planted, sum(alike(a, b) < THRESHOLD for a, b in dropped.items())


def main():
    folder, cli, rounds = sys.argv[1], os.path.abspath(sys.argv[2]), int((sys.argv[3:] or ["3"])[0])
    modules = {"rensa": "rensa", "datasketch": "datasketch", "text-dedup": "text_dedup"}
    tools = sys.argv[4:] or ["sluice", *(t for t, m in modules.items() if importlib.util.find_spec(m))]
    sets = {d["id"]: shingles(d["text"]) for d in documents(folder)}
    seconds, dropped = {t: [] for t in tools}, {}
    for _ in range(rounds):
        for tool in tools:
            with tempfile.TemporaryDirectory() as out:
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                if tool == "sluice":
                    sluice_pipeline(folder, out, cli)
                else:
                    subprocess.run([sys.executable, __file__, "--one", tool, folder, out], check=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                seconds[tool].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
                if tool == "sluice":
                    dropped[tool] = sluice_dropped(out)
                else:
                    with open(f"{out}/dropped.json") as file:
                        dropped[tool] = json.load(file)
    for tool in tools:
        missed, planted, false = score(folder, dropped[tool], sets)
        print(
            f"{tool:12} {statistics.median(seconds[tool]):7.2f} s CPU   dropped {len(dropped[tool]):6}   "
            f"missed {missed} of {planted}   false removals {false}"
        )


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        {"rensa": rensa_pipeline, "datasketch": datasketch_pipeline, "text-dedup": text_dedup_pipeline}[sys.argv[2]](
            *sys.argv[3:5]
        )
    else:
        main()
