"""A run of so many points with one that stands out, logged to TensorBoard and to trackio: what their pages get of it.

Prints JSON. `python live-spike.py <points> <folder>`; needs tensorboard and trackio.
"""

import json
import os
import sys

points, folder = int(sys.argv[1]), sys.argv[2]
spike = points * 7 // 10 + 1
os.environ["TRACKIO_DIR"] = os.path.join(folder, "trackio")

from tensorboard.backend.event_processing import event_accumulator  # noqa: E402
from tensorboard.backend.event_processing.event_accumulator import DEFAULT_SIZE_GUIDANCE  # noqa: E402
from tensorboard.compat.proto.event_pb2 import Event  # noqa: E402
from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: E402
from tensorboard.summary.writer.record_writer import RecordWriter  # noqa: E402
from trackio.sqlite_storage import SQLiteStorage  # noqa: E402


def value(i):
    return 99.0 if i == spike else 1.0 + (i * 2654435761 % 1000) / 1000


# TensorBoard: an event file, read as its server does (so many scalars of a tag are kept, the others thrown away).
board = os.path.join(folder, "board")
os.makedirs(board)
with open(os.path.join(board, "events.out.tfevents.1.x"), "wb") as file:
    writer = RecordWriter(file)
    writer.write(Event(wall_time=1, file_version="brain.Event:2").SerializeToString())
    for i in range(points):
        scalar = Summary(value=[Summary.Value(tag="loss", simple_value=value(i))])
        writer.write(Event(wall_time=1 + i, step=i, summary=scalar).SerializeToString())
guidance = {**DEFAULT_SIZE_GUIDANCE, event_accumulator.SCALARS: 1000, event_accumulator.TENSORS: 1000}
accumulator = event_accumulator.EventAccumulator(board, size_guidance=guidance)
accumulator.Reload()
scalars = [[s.wall_time, s.step, s.value] for s in accumulator.Scalars("loss")]

# trackio: what its page asks for again and again while a run is live.
for begin in range(0, points, 10_000):
    steps = list(range(begin, min(points, begin + 10_000)))
    SQLiteStorage.bulk_log("spike", "run", [{"loss": value(i)} for i in steps], steps=steps)
logs = SQLiteStorage.get_logs("spike", "run", max_points=3000)


def told(name, found, answer):
    return {"tool": name, "points": len(found), "spike": max(found) == 99.0, "bytes": len(json.dumps(answer))}


print(
    json.dumps(
        [
            told("TensorBoard", [s[2] for s in scalars], scalars),
            told("trackio", [row["loss"] for row in logs], logs),
        ],
        default=str,
    )
)
