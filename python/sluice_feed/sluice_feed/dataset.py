"""A feed as a dataset of PyTorch."""

import queue
import threading

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from .client import FeedClient

IGNORED = -100
# Tokens that one request asks for, where steps are small; of those that are read from files only the places are sent.
REQUEST_TOKENS = 1 << 20
MAPPED_TOKENS = 1 << 23


class FeedDataset(IterableDataset):
    """The sequences of one rank: an item is a whole step (use `DataLoader(dataset, batch_size=None)`).

    url: printed by `sluice feed`, or a list of the servers of one feed. rank, world: default those of torch.distributed, else 0 of 1. start: first step.
    mask_boundaries: no loss for the first token of a document, predicted from the one before it. prefetch: requests
    that are under way while the trainer works; default 2. token, timeout, mapped: as for FeedClient. sequences=True: an item is
    one sequence, for loaders that collate by themselves, such as that of the Hugging Face Trainer. vocabulary: how many
    ids the model knows; a feed with more is refused.

    A step is a dict: `step` (int), `input_ids` and `labels` (int64 [n, context]; labels are shifted already: label i is
    the token after i, -100 where there is none), `length` (int64 [n]), `domain` (int64 [n], place in `domains`),
    `epoch`, `index`, `slot` (int64 [n]), `loss_weight` (float32 [n]), `document` (int32 [n, context]: which document of
    the sequence each token belongs to, from 0, for attention that must not look across; -1 for padding).

    `state_dict()` and `load_state_dict()` hold the next step, as StatefulDataLoader of torchdata expects. Whatever the
    number of workers, ranks and restarts: step s holds the same sequences.
    """

    def __init__(
        self,
        url,
        rank=None,
        world=None,
        start=0,
        mask_boundaries=False,
        prefetch=2,
        token=None,
        timeout=600.0,
        sequences=False,
        vocabulary=None,
        mapped=None,
    ):
        super().__init__()
        self.client = FeedClient(url, token=token, timeout=timeout, mapped=mapped)
        self.rank, self.world = _place(rank, world)
        ids = self.client.facts["vocabulary"]["size"]
        if vocabulary is not None and ids > vocabulary:
            raise ValueError(
                f"expected ids below {vocabulary}, which the model knows, got a feed of {self.client.facts['tokenizer']} "
                f"with {ids}: tokenise with the tokenizer of the model, or give the model {ids} ids"
            )
        self.mask_boundaries, self.prefetch, self.sequences = mask_boundaries, prefetch, sequences
        self._next = start
        # Of one worker of a loader, which has its own share of the steps.
        self._own = None

    @property
    def domains(self):
        return self.client.domains

    def post_losses(self, step, losses):
        """See FeedClient.post_losses; by one rank, with the mean over all."""
        return self.client.post_losses(step, losses)

    def state_dict(self):
        return {"step": self._next if self._own is None else self._own}

    def load_state_dict(self, state):
        """Goes on from a step; rank 0 tells the feed that the losses from there on no longer count."""
        if get_worker_info() is not None:
            self._own = int(state["step"])
            return
        self._next = int(state["step"])
        if self.rank == 0:
            self.client.rewind(self._next)

    def __iter__(self):
        info = get_worker_info()
        workers, worker = (1, 0) if info is None else (info.num_workers, info.id)
        # Workers take turns, so that the loader, which asks one after the other, gets steps in order.
        start = self._next + worker if self._own is None else self._own
        for answer in _ahead(self._requests(start, workers), self._sizes(workers)[1]):
            for i, number in enumerate(answer.numbers):
                if info is None:
                    self._next = number + 1
                else:
                    self._own = number + workers
                packed = answer.packed(i)
                if self.sequences:
                    yield from _rows(_tensors(packed, self.mask_boundaries))
                elif info is None:
                    yield _tensors(packed, self.mask_boundaries)
                else:
                    yield Step(packed, self.mask_boundaries)

    def _sizes(self, workers):
        """Steps of a request, and requests ahead of the one in use.

        Where losses steer, never more steps than the lag are fetched ahead: a step that is fetched before the losses
        that act on it would wait for them, or, after a restart, take those of the run before.
        """
        facts = self.client.facts
        tokens = facts["contextLength"] * max(1, facts["sequencesPerStep"] // self.world)
        # Workers that are close together ask for steps that the feed has drawn already.
        count = min(max(1, 64 // workers), max(1, (MAPPED_TOKENS if self.client.mapped else REQUEST_TOKENS) // tokens))
        if not facts["needsLosses"]:
            return count, self.prefetch
        # The request in use, those that wait, and the one under way.
        share = facts["lag"] // workers
        prefetch = max(0, min(self.prefetch, share - 2))
        return max(1, min(count, share // (prefetch + 2))), prefetch

    def _requests(self, start, stride):
        """The steps of one request after the other, so that the feed works while those of the last are used."""
        while True:
            # More of them once it is known that only places are sent.
            count, _ = self._sizes(stride)
            answer, ended = self.client.answer(start, count, self.rank, self.world, stride)
            if answer:
                yield answer
            if ended:
                return
            start = answer.numbers[-1] + stride


class Step:
    """A step on its way from a worker of a loader: it arrives as a dict of tensors, and reads like one before.

    It travels as the ids in the width of the store, a tenth of what the tensors hold, and some small arrays.
    """

    def __init__(self, packed, mask_boundaries):
        self._packed, self._mask, self._dict = packed, mask_boundaries, None

    def __reduce__(self):
        if self._dict is not None:
            return dict, (self._dict,)
        return _tensors, (self._packed, self._mask)

    def _read(self):
        if self._dict is None:
            self._dict = _tensors(self._packed, self._mask)
        return self._dict

    def __getitem__(self, name):
        return self._read()[name]

    def __setitem__(self, name, value):
        self._read()[name] = value

    def __contains__(self, name):
        return name in self._read()

    def __iter__(self):
        return iter(self._read())

    def __len__(self):
        return len(self._read())

    def keys(self):
        return self._read().keys()

    def values(self):
        return self._read().values()

    def items(self):
        return self._read().items()

    def get(self, name, default=None):
        return self._read().get(name, default)

    def pop(self, name, *default):
        return self._read().pop(name, *default)


def _tensors(packed, mask_boundaries):
    """What a trainer gets. Measured: ids and labels straight from the width of the store cost half of a copy of ids."""
    rows, length = packed.rows, packed.numbers["length"]
    context = rows.shape[1] - 1
    ids, labels = rows[:, :-1].astype(np.int64), rows[:, 1:].astype(np.int64)
    begins = packed.begins()
    if mask_boundaries:
        inner = begins[packed.starts > 0]
        labels.reshape(-1)[inner - 1] = IGNORED
    # Most sequences are full and have a token after them: only the others have something to mark.
    following = packed.following
    for row in np.flatnonzero((length < context) | (following < 0)).tolist():
        end = length[row]
        labels[row, end:] = IGNORED
        labels[row, end - 1] = following[row] if following[row] >= 0 else IGNORED
    return {
        "step": packed.step,
        "input_ids": torch.from_numpy(ids),
        "labels": torch.from_numpy(labels),
        "document": torch.from_numpy(packed.documents(begins)),
        "loss_weight": torch.from_numpy(packed.loss_weight),
        **{name: torch.from_numpy(values) for name, values in packed.numbers.items()},
    }


def _place(rank, world):
    if (rank is None) != (world is None):
        raise ValueError("give both rank and world, or neither")
    if rank is not None:
        return rank, world
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def _rows(item):
    tensors = {name: value for name, value in item.items() if name != "step"}
    for i in range(len(item["input_ids"])):
        yield {"step": item["step"], **{name: value[i] for name, value in tensors.items()}}


def _ahead(items, depth):
    """The items of a generator, up to `depth` of them fetched ahead by a thread."""
    if depth < 1:
        yield from items
        return
    ready = queue.Queue(maxsize=depth)
    gone = threading.Event()
    end = object()

    def put(value):
        while not gone.is_set():
            try:
                ready.put(value, timeout=0.1)
                return
            except queue.Full:
                continue

    def fetch():
        try:
            for item in items:
                put(item)
                if gone.is_set():
                    return
            put(end)
        except BaseException as error:  # handed to the thread that reads
            put(error)

    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    try:
        while True:
            value = ready.get()
            if value is end:
                return
            if isinstance(value, BaseException):
                raise value
            yield value
    finally:
        gone.set()
