"""Reads exports with the reader of their own consumer; prints a line for each: {part: rows}, a row a list of ids.

  python read-export.py FORMAT DIR [FORMAT DIR ...]

Raw files are one row. Formats: nanogpt (numpy.memmap), llm.c (the checks of its data loader), megatron (megatron.core
where it is installed, else its layout read here), mds (streaming.LocalDataset and StreamingDataset), parquet
(datasets.load_dataset and pyarrow). Where a package is missing, the line is {"missing": reason}.
"""

import glob
import json
import os
import struct
import sys
import tempfile


def nanogpt(folder):
    import numpy as np

    with open(f"{folder}/meta.json") as f:
        dtype = json.load(f)["dtype"]
    if os.path.exists(f"{folder}/meta.pkl"):
        import pickle

        with open(f"{folder}/meta.pkl", "rb") as f, open(f"{folder}/meta.json") as g:
            assert pickle.load(f) == {"vocab_size": json.load(g)["vocabularySize"]}
    return {
        part: [np.memmap(f"{folder}/{part}.bin", dtype=dtype, mode="r").tolist()]
        for part in ("train", "val")
        if os.path.exists(f"{folder}/{part}.bin")
    }


def llm_c(folder):
    import numpy as np

    variants = {(20240520, 1): np.uint16, (20240801, 7): np.uint32}
    parts = {}
    for path in sorted(glob.glob(f"{folder}/*.bin")):
        header = np.fromfile(path, dtype=np.int32, count=256)
        dtype = variants[int(header[0]), int(header[1])]
        count = int(header[2])
        assert count > 0
        assert os.path.getsize(path) == 256 * 4 + count * np.dtype(dtype).itemsize
        part = os.path.basename(path).split("_")[0]
        parts.setdefault(part, [[]])[0].extend(np.fromfile(path, dtype=dtype, offset=1024).tolist())
    return parts


def megatron(folder):
    parts = {}
    for path in sorted(glob.glob(f"{folder}/*.idx")):
        prefix = path[: -len(".idx")]
        part = os.path.basename(prefix).split("_")[0]
        try:
            from megatron.core.datasets.indexed_dataset import IndexedDataset

            dataset = IndexedDataset(prefix)
            assert list(dataset.document_indices) == list(range(len(dataset) + 1))
            parts[part] = [dataset[i].tolist() for i in range(len(dataset))]
        except ModuleNotFoundError:
            parts[part] = _megatron_layout(prefix)
    return parts


def _megatron_layout(prefix):
    import numpy as np

    dtypes = {1: "u1", 2: "i1", 3: "i2", 4: "i4", 5: "i8", 6: "f8", 7: "f4", 8: "u2"}
    with open(f"{prefix}.idx", "rb") as f:
        assert f.read(9) == b"MMIDIDX\0\0"
        version, code, sequences, documents = struct.unpack("<QBQQ", f.read(25))
        assert version == 1
        lengths = np.frombuffer(f.read(4 * sequences), np.int32)
        pointers = np.frombuffer(f.read(8 * sequences), np.int64)
        indices = np.frombuffer(f.read(8 * documents), np.int64)
        assert f.read() == b""
    assert indices.tolist() == list(range(sequences + 1))
    data = np.memmap(f"{prefix}.bin", mode="r")
    return [np.frombuffer(data, dtypes[code], n, at).tolist() for n, at in zip(lengths, pointers)]


def mds(folder):
    from streaming import LocalDataset, StreamingDataset

    parts = {}
    for part in ("train", "val"):
        if not os.path.isdir(f"{folder}/{part}"):
            continue
        rows = [row["tokens"].tolist() for row in LocalDataset(folder, split=part)]
        with tempfile.TemporaryDirectory() as local:
            streamed = StreamingDataset(remote=folder, local=local, split=part, shuffle=False, batch_size=1)
            assert [row["tokens"].tolist() for row in streamed] == rows
        parts[part] = rows
    return parts


def parquet(folder):
    import datasets
    import pyarrow.parquet as pq

    datasets.disable_progress_bars()
    parts = {}
    with tempfile.TemporaryDirectory() as cache:
        for split, dataset in datasets.load_dataset(folder, cache_dir=cache).items():
            rows = dataset["input_ids"]
            read = [
                row
                for path in sorted(glob.glob(f"{folder}/{split}-*.parquet"))
                for row in pq.read_table(path)["input_ids"].to_pylist()
            ]
            assert read == list(rows)
            parts["val" if split == "validation" else split] = read
    return parts


READERS = {"nanogpt": nanogpt, "llm.c": llm_c, "megatron": megatron, "mds": mds, "parquet": parquet}

if __name__ == "__main__":
    for name, directory in zip(sys.argv[1::2], sys.argv[2::2]):
        try:
            print(json.dumps(READERS[name](directory)), flush=True)
        except ModuleNotFoundError as error:
            print(json.dumps({"missing": str(error)}), flush=True)
