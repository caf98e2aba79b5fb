"""HTTP client of `sluice feed`: needs numpy and pyarrow only."""

import http.client
import json
import os
import threading
import time
import urllib.parse

import numpy as np
import pyarrow as pa

from .answer import Answer, MappedTokens, SentTokens, TokenFiles


class FeedError(RuntimeError):
    """The feed refused a request; the text says what is wrong and what to do."""


class _SendAgain(Exception):
    """Another server has begun to write the log in this moment."""


class FeedWaits(FeedError):
    """The feed waited longer than `timeout` seconds for losses, or for the run that makes its sequences."""


class FeedClient:
    """One connection to a feed.

    url: printed by `sluice feed`; of a feed that several servers serve, a list of them: the first is asked, and where one
    does not answer, the next. token: needed when the feed listens beyond loopback. timeout: seconds to wait for a
    step, and for a server that is being started again; default 600. mapped: read the tokens from the files of the
    stores, which the feed names, instead of over HTTP; None: where the feed is on this machine. Files that are not
    there, or hold something else, are never read: then the ids come over HTTP.
    """

    def __init__(self, url, token=None, timeout=600.0, mapped=None):
        self.urls = [url] if isinstance(url, str) else list(url)
        self._addresses = [_address(one) for one in self.urls]
        if not self.urls:
            raise ValueError("expected the url of a feed, got none")
        self.token, self.timeout = token, timeout
        # The server in use, and of which feed it must be.
        self._at, self._feed = 0, None
        # One a thread and process: a fork inherits the sockets of its parent, which are not its own.
        self._connections = {}
        # None: not tried yet; False: the ids come over HTTP.
        here = all(_is_here(host) for host, _ in self._addresses)
        self._files = None if (here if mapped is None else mapped) else False
        self.facts = self._json("GET", "/feed")
        self._feed = self.facts.get("feed")

    @property
    def url(self):
        """The server in use."""
        return self.urls[self._at]

    @property
    def domains(self):
        """Names of the domains; losses are posted by these."""
        return self.facts["domains"]

    def steps(self, start, count=1, rank=0, world=1, stride=1, dtype=None):
        """Steps `start`, `start + stride`, ...: at least one, at most `count`.

        Returns a list of dicts, one a step, and whether the feed ends after them. Each has `step` (int), `slot`
        (uint32 [n]), `domain` (list of n names), `epoch`, `index` (int64 [n]), `input_ids` (uint16 or uint32 [n,
        context]; from `length` on padding), `length` (uint32 [n]), `next` (int32 [n], the token after the last one, -1:
        none), `starts` (list of n arrays: where documents begin), `loss_weight` (float64 [n]). dtype: of `input_ids`,
        where they are to have another.
        """
        answer, ended = self.answer(start, count, rank, world, stride)
        return [answer.step(i, dtype) for i in range(len(answer))], ended

    def answer(self, start, count=1, rank=0, world=1, stride=1):
        """The same steps as an Answer, which reads the tokens of each when it is asked for, and whether the feed ends."""
        query = f"/sequences?from={start}&count={count}&stride={stride}&rank={rank}&world={world}"
        if self._files is not False:
            query += "&tokens=both" if self._files is None else "&tokens=ranges"
        deadline = time.monotonic() + self.timeout
        while True:
            with pa.ipc.open_stream(self._bytes("GET", query)) as reader:
                said = reader.schema.metadata or {}
                table = reader.read_all()
            ended = b"ended" in said
            if table.num_rows > 0:
                answer = self._answer_of(table, said)
                if answer is not None:
                    return answer, ended
                # A file is gone: the ids of the same steps come over HTTP.
                self._files = False
                return self.answer(start, count, rank, world, stride)
            if ended:
                return [], ended
            waits = said.get(b"waits_for", b"more sequences").decode()
            if time.monotonic() > deadline:
                raise FeedWaits(f"step {start} of {self.url} still waits for {waits}, after {self.timeout:.0f} s")

    @property
    def mapped(self):
        """True where tokens are read from the files of the stores, as after an answer that has shown that they can be."""
        return self._files not in (None, False)

    def _answer_of(self, table, said):
        """The steps of an answer; None where files do not hold what the feed says."""
        batch = table.combine_chunks().to_batches()[0]
        column = {name: batch.column(i) for i, name in enumerate(batch.schema.names)}
        context, padding = self.facts["contextLength"], self.facts["vocabulary"]["endOfText"] or 0
        sent = mapped = None
        if "input_ids" in column:
            ids = column["input_ids"].flatten().to_numpy(zero_copy_only=True).reshape(-1, context)
            sent = SentTokens(ids, column["next"].to_numpy())
        if "ranges" in column:
            files = TokenFiles(self.facts["vocabulary"]) if self._files is None else self._files
            maps = files.open(json.loads(said[b"files"]))
            if maps is not None:
                length = column["length"].to_numpy().astype(np.int64)
                mapped = MappedTokens(maps, column["ranges"], length, context, padding)
            if sent is not None:
                # Another machine may have other files under the same names.
                self._files = files if mapped is not None and _same(mapped, sent, batch.num_rows) else False
        tokens = sent or mapped
        return None if tokens is None else Answer(column, self.domains, context, tokens)

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
        _, connection = self._connections.pop(_here(), (None, None))
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
            except (OSError, http.client.HTTPException, _SendAgain) as error:
                # Every request may be sent again: a step is a function, and the same losses count once.
                self.close()
                if time.monotonic() > deadline:
                    raise FeedError(f"no feed answers at {', '.join(self.urls)}: {error!r}") from error
                time.sleep(pause)
                pause = min(2.0, pause * 2)
                self._at = (self._at + 1) % len(self.urls)

    def _once(self, method, path, body):
        at, connection = self._connections.get(_here(), (None, None))
        if connection is None or at != self._at:
            self.close()
            connection = http.client.HTTPConnection(*self._addresses[self._at], timeout=120)
            self._connections[_here()] = (self._at, connection)
            if self._feed is not None:
                # Another address may be that of another feed by now.
                other = json.loads(self._send(connection, "GET", "/feed", None)).get("feed")
                if other != self._feed:
                    raise FeedError(f"expected a server of the feed {self._feed}, got one of {other} at {self.url}")
        return self._send(connection, method, path, body)

    def _send(self, connection, method, path, body):
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
        if response.status == 503:
            raise _SendAgain(said.get("got"))
        raise FeedError("; ".join(f"{key}: {value}" for key, value in said.items()))

    def __getstate__(self):
        # Workers of a DataLoader open connections of their own.
        return {**self.__dict__, "_connections": {}, "_files": False if self._files is False else None}


def _here():
    return os.getpid(), threading.get_ident()


def _address(url):
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise ValueError(f"expected a url such as http://127.0.0.1:7077, got {url!r}")
    return parts.hostname, parts.port or 80


def _is_here(host):
    return host in ("localhost", "::1") or host.startswith("127.")


def _same(mapped, sent, rows):
    """True where files hold what was sent."""
    (ids, following), (sent_ids, sent_following) = mapped.read(0, rows), sent.read(0, rows)
    return np.array_equal(ids[:, :-1], sent_ids[:, :-1]) and np.array_equal(following, sent_following)
