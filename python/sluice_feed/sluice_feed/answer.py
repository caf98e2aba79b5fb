"""What a feed answers: steps as columns, with the tokens as they were sent, or in files that are mapped into memory."""

import os

import numpy as np


class TokenFiles:
    """Files of tokens, mapped into memory: what is read of them is in the page cache once, for all processes."""

    def __init__(self, vocabulary):
        self._dtype = np.uint16 if vocabulary["size"] <= 65536 else np.uint32
        self._open = {}

    def open(self, files):
        """Maps of files, given as paths and bytes; None where one is not there, or not as the feed sees it."""
        maps = [self._map(path, size) for path, size in files]
        return None if any(tokens is None for tokens in maps) else maps

    def _map(self, path, size):
        tokens = self._open.get(path)
        if tokens is None:
            try:
                if os.stat(path).st_size != size:
                    return None
                tokens = np.asarray(np.memmap(path, self._dtype, "r"))
            except OSError:
                return None
            # A map keeps its file open; systems allow many, not any number.
            if len(self._open) >= 512:
                self._open.pop(next(iter(self._open)))
            self._open[path] = tokens
        return tokens


class SentTokens:
    """Tokens that came over HTTP."""

    def __init__(self, ids, following):
        self._ids, self._following = ids, following

    def read(self, a, b):
        """Rows a to b, [b - a, context + 1], and the token after each row, int64, -1: none.

        A row has its ids, padding included, and one more: the token after it where it is full and has one, else any.
        """
        rows = np.empty((b - a, self._ids.shape[1] + 1), self._ids.dtype)
        rows[:, :-1] = self._ids[a:b]
        following = self._following[a:b].astype(np.int64)
        rows[:, -1] = np.maximum(following, 0)
        return rows, following


class MappedTokens:
    """The same of tokens in files. Measured: all pieces of a step at once cost a third of the time of one by one."""

    def __init__(self, maps, ranges, length, context, padding):
        self._maps, self._context, self._padding = maps, context, padding
        # File, first token and number of tokens; those of a row have the token after it too, where there is one.
        self._pieces = ranges.values.to_numpy().reshape(-1, 3)
        self._first = ranges.offsets.to_numpy() // 3
        self._length = length
        held = np.add.reduceat(self._pieces[:, 2].astype(np.int64), self._first[:-1])
        self._goes_on = held > length
        self._missing = context + 1 - held
        self._pad = np.full(context, padding, maps[0].dtype)

    def read(self, a, b):
        maps, first = self._maps, self._first[a]
        parts = [maps[file][at : at + n] for file, at, n in self._pieces[first : self._first[b]].tolist()]
        # From the end, so that the places of those before stay.
        for row in (np.flatnonzero(self._missing[a:b]) + a)[::-1].tolist():
            parts.insert(int(self._first[row + 1] - first), self._pad[: self._missing[row]])
        rows = np.concatenate(parts).reshape(b - a, self._context + 1)
        following = np.where(self._goes_on[a:b], rows[:, -1].astype(np.int64), -1)
        # The token after a row that is not full stands where its padding begins.
        for row in np.flatnonzero(self._goes_on[a:b] & (self._length[a:b] < self._context)).tolist():
            end = self._length[a + row]
            following[row] = rows[row, end]
            rows[row, end] = self._padding
        return rows, following


class Answer:
    """Steps of one answer. Columns are arrays; the tokens of a step are read when it is asked for."""

    def __init__(self, column, domains, context, tokens):
        """column: arrays of Arrow by name; domains: all names; tokens: SentTokens or MappedTokens."""
        self._tokens, self._context = tokens, context
        step = column["step"].to_numpy()
        self._cuts = [0, *(np.flatnonzero(np.diff(step)) + 1).tolist(), len(step)] if len(step) else [0]
        self.numbers = [int(step[at]) for at in self._cuts[:-1]]
        self.plain = {name: np.asarray(column[name]) for name in ("slot", "epoch", "index", "length", "loss_weight")}
        coded = column["domain"].dictionary_encode()
        self.names = column["domain"]
        place = np.array([domains.index(name) for name in coded.dictionary.to_pylist()], np.int64)
        self._numbers = {"domain": place[coded.indices.to_numpy()]}
        for name in ("length", "epoch", "index", "slot"):
            self._numbers[name] = self.plain[name].astype(np.int64)
        self._loss_weight = self.plain["loss_weight"].astype(np.float32)
        self._starts, self._first = column["starts"].values.to_numpy(), column["starts"].offsets.to_numpy()

    def __len__(self):
        return len(self.numbers)

    def step(self, i, dtype=None):
        """The i-th step as FeedClient.steps gives it."""
        a, b = self._cuts[i], self._cuts[i + 1]
        rows, following = self._tokens.read(a, b)
        ids = rows[:, :-1]
        return {
            "step": self.numbers[i],
            **{name: values[a:b] for name, values in self.plain.items()},
            "next": following.astype(np.int32),
            "domain": self.names[a:b].to_pylist(),
            "input_ids": np.ascontiguousarray(ids) if dtype is None else ids.astype(dtype),
            "starts": [self._starts[self._first[row] : self._first[row + 1]] for row in range(a, b)],
        }

    def packed(self, i):
        """The i-th step in few arrays, from which `unpacked` makes what a trainer gets."""
        a, b = self._cuts[i], self._cuts[i + 1]
        rows, following = self._tokens.read(a, b)
        first = self._first[a : b + 1].astype(np.int64)
        return Packed(
            self.numbers[i],
            rows,
            following,
            {name: values[a:b] for name, values in self._numbers.items()},
            self._loss_weight[a:b],
            self._starts[first[0] : first[-1]],
            np.diff(first),
        )


class Packed:
    """A step in few arrays: rows [n, context + 1], the token after each, numbers, and where documents begin."""

    def __init__(self, step, rows, following, numbers, loss_weight, starts, counts):
        self.step, self.rows, self.following, self.numbers = step, rows, following, numbers
        self.loss_weight, self.starts, self.counts = loss_weight, starts, counts

    def begins(self):
        """Where documents begin, over all rows one after the other, int64."""
        context = self.rows.shape[1] - 1
        return self.starts.astype(np.int64) + np.repeat(np.arange(len(self.rows)) * context, self.counts)

    def documents(self, begins):
        """Which document of its row each token belongs to, int32 [n, context], from 0; -1 for padding."""
        rows, context = len(self.rows), self.rows.shape[1] - 1
        number = np.arange(len(begins), dtype=np.int32)
        number -= np.repeat((np.cumsum(self.counts) - self.counts).astype(np.int32), self.counts)
        document = np.repeat(number, np.diff(begins, append=rows * context)).reshape(rows, context)
        length = self.numbers["length"]
        for row in np.flatnonzero(length < context).tolist():
            document[row, length[row] :] = -1
        return document
