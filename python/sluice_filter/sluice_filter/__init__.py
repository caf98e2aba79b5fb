"""Filters for Sluice's external() in Python; needs pyarrow and nothing else. The protocol is in docs/external.md."""
import json
import os
import sys
import traceback

import pyarrow as pa

TYPES = {"utf8": pa.string(), "int32": pa.int32(), "uint32": pa.uint32(), "int64": pa.int64(), "float64": pa.float64()}
NAMES = {**{type: name for name, type in TYPES.items()}, pa.bool_(): "a bool"}


def filter(fn=None, *, batch=False):
    """Serves a function of one document, or of a record batch of them. It does so at once: put it last in the script."""
    if fn is None:
        return lambda f: filter(f, batch=batch)
    if fn.__module__ == "__main__":
        serve(fn if batch else lambda b, schema: each(fn, b, schema), whole=batch)
    return fn


def columns(said):
    if said is None or isinstance(said, (dict, str)):
        return {"reason": said} if isinstance(said, str) else said or {}
    if type(said).__name__ not in ("bool", "bool_"):  # numpy's is a type of its own, under either name
        raise TypeError(f"expected a bool, a reason, None, a dict or a list of dicts, got {type(said).__name__} {said!r}")
    return {"keep": bool(said)}


def each(fn, batch, schema):
    """Answers of a function of one document: a bool, the reason of a drop, a dict of columns, or a list of dicts."""
    answers = []
    for row, document in enumerate(batch.to_pylist()):
        try:
            said = fn(document)
            own = [columns(one) for one in (said if isinstance(said, list) and said else [said])]
            for one in own:
                refuse_strange(one, schema)
        except (Exception, SystemExit) as error:  # Of this document: no other one is concerned.
            own = [{"error": told(error)}]
        answers += [{**one, "row": row, "created": i > 0} for i, one in enumerate(own)]
    for field in schema:
        try:
            pa.array([a.get(field.name) for a in answers], field.type)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            answers = [fitting(a, field) for a in answers]
    failed = {}  # By row its first error: nothing is made of a document that failed.
    for a in answers:
        if a.get("error"):
            failed.setdefault(a["row"], a)
    answers = [a for a in answers if failed.get(a["row"], a) is a]
    return {name: [a.get(name) for a in answers] for name in {k: 0 for a in answers for k in a}}


def fitting(answer, field):
    """The answer, or an error in its place where a value does not fit its column."""
    value = answer.get(field.name)
    try:
        pa.array([value], field.type)
        return answer
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        error = f"expected {NAMES[field.type]} for {field.name}, got {type(value).__name__} {repr(value)[:80]}"
        return {"row": answer["row"], "created": False, "error": error}


def refuse_strange(said, schema):
    strange = set(said) - set(schema.names) - {"created"}
    if strange:
        known = ", ".join(name for name in schema.names if name not in ("row", "created"))
        raise ValueError(f"columns that external() does not declare: {', '.join(sorted(strange))} (it may say {known})")


def told(error):
    """An exception in one line, with the place in the code of the user."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    own = [f for f in frames if "site-packages" not in f.filename and f"lib{os.sep}python" not in f.filename] or frames
    place = f" ({os.path.basename(own[-1].filename)}:{own[-1].lineno}, in {own[-1].name})" if own else ""
    return " ".join(f"{type(error).__name__}: {error}".split())[:400] + place


def serve(fn, whole):
    """Answers every record batch of standard input with one on standard output; print() goes to standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    asked = pa.ipc.open_stream(sys.stdin.buffer)
    told = json.loads(asked.schema.metadata[b"sluice"])
    fields = [("row", pa.int32()), ("error", pa.string())]
    fields += [("keep", pa.bool_()), ("reason", pa.string())] * told["drops"]
    fields += [("text", pa.string())] * (told["rewrites"] or told["creates"])
    fields += [("created", pa.bool_()), ("domain", pa.string())] * told["creates"]
    schema = pa.schema(fields + [(c["name"], TYPES[c["type"]]) for c in told["columns"]])
    with pa.ipc.new_stream(out, schema) as answers:
        for batch in asked:
            said = answer(fn, batch, schema, whole)
            rows = len(said["row"])
            answers.write_batch(pa.record_batch([pa.array(said.get(f.name, [None] * rows), f.type) for f in schema], schema))
            out.flush()


def answer(fn, batch, schema, whole):
    if not batch.num_rows:
        return {"row": []}
    said = fn(batch) if whole else fn(batch, schema)
    if not isinstance(said, dict):
        raise TypeError(f"expected a dict of columns, got {type(said).__name__}")
    refuse_strange(said, schema)
    said = {"row": range(batch.num_rows), **said}
    for name, values in said.items():
        if len(values) != len(said["row"]):
            raise ValueError(f"expected {len(said['row'])} values for {name}, one for each document, got {len(values)}")
    return said
