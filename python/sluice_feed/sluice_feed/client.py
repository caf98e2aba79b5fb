"""HTTP client of `sluice feed`: needs numpy and pyarrow only."""

import http.client
import json
import os
import threading
import time
import urllib.parse

import numpy as np
import pyarrow as pa


class FeedError(RuntimeError):
    """The feed refused a request; the text says what is wrong and what to do."""


class FeedWaits(FeedError):
    """The feed waited longer than `timeout` seconds for losses, or for the run that makes its sequences."""


class FeedClient:
    """One connection to a feed.

    url: printed by `sluice feed`. token: needed when the feed listens beyond loopback. timeout: seconds to wait for a
    step, and for a server that is being started again; default 600.
    """

    def __init__(self, url, token=None, timeout=600.0):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise ValueError(f"expected a url such as http://127.0.0.1:7077, got {url!r}")
        self.url, self.token, self.timeout = url, token, timeout
        self._address = (parts.hostname, parts.port or 80)
        # One a thread and process: a fork inherits the sockets of its parent, which are not its own.
        self._connections = {}
        self.facts = self._json("GET", "/feed")

    @property
    def domains(self):
        """Names of the domains; losses are posted by these."""
        return self.facts["domains"]

    def steps(self, start, count=1, rank=0, world=1, stride=1):
        """Steps `start`, `start + stride`, ...: at least one, at most `count`.

        Returns a list of dicts, one a step, and whether the feed ends after them. Each has `step` (int), `slot`
        (uint32 [n]), `domain` (list of n names), `epoch`, `index` (int64 [n]), `input_ids` (uint16 or uint32 [n,
        context]; from `length` on padding), `length` (uint32 [n]), `next` (int32 [n], the token after the last one, -1:
        none), `starts` (list of n arrays: where documents begin), `loss_weight` (float64 [n]).
        """
        query = f"/sequences?from={start}&count={count}&stride={stride}&rank={rank}&world={world}"
        deadline = time.monotonic() + self.timeout
        while True:
            with pa.ipc.open_stream(self._bytes("GET", query)) as reader:
                said = reader.schema.metadata or {}
                table = reader.read_all()
            steps = _by_step(table, self.facts["contextLength"])
            ended = b"ended" in said
            if steps or ended:
                return steps, ended
            waits = said.get(b"waits_for", b"more sequences").decode()
            if time.monotonic() > deadline:
                raise FeedWaits(f"step {start} of {self.url} still waits for {waits}, after {self.timeout:.0f} s")

    def post_losses(self, step, losses):
        """Posts the mean loss per token of each domain in a step, over all ranks, from one of them.

        losses: {domain: float or None}; a domain that the step did not hold is None or left out.
        """
        return self._json("POST", "/losses", {"step": int(step), "losses": losses})

    def rewind(self, step):
        """Says that training goes on from `step`: losses of that step and of later ones no longer count."""
        return self._json("POST", "/rewind", {"step": int(step)})

    def status(self):
        return self._json("GET", "/status")

    def close(self):
        """Closes the connection of this thread."""
        connection = self._connections.pop(_here(), None)
        if connection is not None:
            connection.close()

    def _json(self, method, path, body=None):
        text = None
        if body is not None:
            try:
                text = json.dumps(body, allow_nan=False)
            except ValueError as error:
                raise ValueError(f"expected finite losses, got {body}") from error
        return json.loads(self._bytes(method, path, text))

    def _bytes(self, method, path, body=None):
        deadline = time.monotonic() + self.timeout
        pause = 0.05
        while True:
            try:
                return self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                # Every request may be sent again: a step is a function, and the same losses count once.
                self.close()
                if time.monotonic() > deadline:
                    raise FeedError(f"no feed answers at {self.url}: {error!r}") from error
                time.sleep(pause)
                pause = min(2.0, pause * 2)

    def _once(self, method, path, body):
        connection = self._connections.get(_here())
        if connection is None:
            connection = http.client.HTTPConnection(*self._address, timeout=120)
            self._connections[_here()] = connection
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        data = response.read()
        if response.status == 200:
            return data
        try:
            said = json.loads(data)
        except ValueError:
            said = {"error": data[:200].decode(errors="replace")}
        raise FeedError("; ".join(f"{key}: {value}" for key, value in said.items()))

    def __getstate__(self):
        # Workers of a DataLoader open connections of their own.
        return {**self.__dict__, "_connections": {}}


def _here():
    return os.getpid(), threading.get_ident()


def _by_step(table, context):
    if table.num_rows == 0:
        return []
    batch = table.combine_chunks().to_batches()[0]
    column = {name: batch.column(i) for i, name in enumerate(batch.schema.names)}
    ids = column["input_ids"].flatten().to_numpy(zero_copy_only=True).reshape(-1, context)
    starts = column["starts"]
    offsets, values = starts.offsets.to_numpy(), starts.values.to_numpy()
    domain = column["domain"].to_pylist()
    step = column["step"].to_numpy()
    plain = {name: column[name].to_numpy() for name in ("slot", "epoch", "index", "length", "next", "loss_weight")}
    cuts = [0, *(np.flatnonzero(np.diff(step)) + 1), len(step)]
    return [
        {
            "step": int(step[a]),
            **{name: values_[a:b] for name, values_ in plain.items()},
            "domain": domain[a:b],
            "input_ids": ids[a:b],
            "starts": [values[offsets[i] : offsets[i + 1]] for i in range(a, b)],
        }
        for a, b in zip(cuts[:-1], cuts[1:])
    ]
