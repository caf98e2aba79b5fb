"""Filters for Sluice's external() in Python; needs pyarrow and nothing else. The protocol is in docs/external.md."""
import json
import os
import sys

import pyarrow as pa

TYPES = {"utf8": pa.string(), "int32": pa.int32(), "uint32": pa.uint32(), "int64": pa.int64(), "float64": pa.float64()}


def filter(fn=None, *, batch=False):
    """Serves a function of one document, or of a record batch of them. It does so at once: put it last in the script."""
    if fn is None:
        return lambda f: filter(f, batch=batch)
    if fn.__module__ == "__main__":
        serve(fn if batch else lambda b: each(fn, b))
    return fn


def columns(said):
    if said is None or isinstance(said, (dict, str)):
        return {"reason": said} if isinstance(said, str) else said or {}
    if type(said).__name__ not in ("bool", "bool_"):  # numpy's is a type of its own, under either name
        raise TypeError(f"expected a bool, a reason, None, a dict or a list of dicts, got {type(said).__name__} {said!r}")
    return {"keep": bool(said)}


def each(fn, batch):
    """Answers of a function of one document: a bool, the reason of a drop, a dict of columns, or a list of dicts."""
    answers = []
    for row, document in enumerate(batch.to_pylist()):
        said = fn(document)
        for i, one in enumerate(said if isinstance(said, list) else [said]):
            answers.append({**columns(one), "row": row, "created": i > 0})
    return {name: [a.get(name) for a in answers] for name in {k: 0 for a in answers for k in a}}


def serve(fn):
    """Answers every record batch of standard input with one on standard output; print() goes to standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked = pa.ipc.open_stream(sys.stdin.buffer)
    told = json.loads(asked.schema.metadata[b"sluice"])
    fields = [("row", pa.int32())] + [("keep", pa.bool_()), ("reason", pa.string())] * told["drops"]
    fields += [("text", pa.string())] * (told["rewrites"] or told["creates"])
    fields += [("created", pa.bool_()), ("domain", pa.string())] * told["creates"]
    schema = pa.schema(fields + [(c["name"], TYPES[c["type"]]) for c in told["columns"]])
    with pa.ipc.new_stream(out, schema) as answers:
        for batch in asked:
            said = dict(fn(batch)) if batch.num_rows else {}
            said.setdefault("row", range(batch.num_rows))
            strange = set(said) - set(schema.names) - {"created"}
            if strange:
                raise ValueError(f"columns that external() does not declare: {', '.join(sorted(strange))}")
            rows = len(said["row"])
            answers.write_batch(pa.record_batch([pa.array(said.get(f.name, [None] * rows), f.type) for f in schema], schema))
            out.flush()
