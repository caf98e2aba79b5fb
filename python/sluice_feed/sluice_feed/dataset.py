"""A feed as a dataset of PyTorch."""

import queue
import threading

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from .client import FeedClient

IGNORED = -100
# Tokens that one request asks for, where steps are small.
REQUEST_TOKENS = 1 << 20


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
        count, prefetch = self._sizes(workers)
        for steps in _ahead(self._requests(start, workers, count), prefetch):
            for step in steps:
                if info is None:
                    self._next = step["step"] + 1
                else:
                    self._own = step["step"] + workers
                item = self._tensors(step)
                if self.sequences:
                    yield from _rows(item)
                else:
                    yield item

    def _sizes(self, workers):
        """Steps of a request, and requests ahead of the one in use.

        Where losses steer, never more steps than the lag are fetched ahead: a step that is fetched before the losses
        that act on it would wait for them, or, after a restart, take those of the run before.
        """
        facts = self.client.facts
        tokens = facts["contextLength"] * max(1, facts["sequencesPerStep"] // self.world)
        count = min(64, max(1, REQUEST_TOKENS // tokens))
        if not facts["needsLosses"]:
            return count, self.prefetch
        # The request in use, those that wait, and the one under way.
        share = facts["lag"] // workers
        prefetch = max(0, min(self.prefetch, share - 2))
        return max(1, min(count, share // (prefetch + 2))), prefetch

    def _requests(self, start, stride, count):
        """The steps of one request after the other, so that the feed works while those of the last are used."""
        while True:
            steps, ended = self.client.steps(start, count, self.rank, self.world, stride, np.int64)
            if steps:
                yield steps
            if ended:
                return
            start = steps[-1]["step"] + stride

    def _tensors(self, step):
        ids = step["input_ids"].astype(np.int64, copy=False)
        length = step["length"].astype(np.int64)
        labels = np.empty_like(ids)
        labels[:, :-1] = ids[:, 1:]
        document = _documents(step["starts"], ids.shape)
        if self.mask_boundaries:
            for row, starts in enumerate(step["starts"]):
                labels[row, starts[1:].astype(np.int64) - 1] = IGNORED
        # Most sequences are full: only the others have padding to mark.
        for row in np.flatnonzero(length < ids.shape[1]):
            labels[row, length[row] :] = IGNORED
            document[row, length[row] :] = -1
        labels[np.arange(len(ids)), length - 1] = np.where(step["next"] >= 0, step["next"], IGNORED)
        number = {name: i for i, name in enumerate(self.domains)}
        return {
            "step": step["step"],
            "input_ids": torch.from_numpy(ids),
            "labels": torch.from_numpy(labels),
            "length": torch.from_numpy(length),
            "document": torch.from_numpy(document),
            "domain": torch.tensor([number[d] for d in step["domain"]], dtype=torch.int64),
            "loss_weight": torch.from_numpy(step["loss_weight"].astype(np.float32)),
            **{name: torch.from_numpy(step[name].astype(np.int64)) for name in ("epoch", "index", "slot")},
        }


def _documents(starts, shape):
    """Which document of its row each token belongs to, int32: from 0. Measured: a third of the time of a sum by row."""
    rows, context = shape
    begins = np.concatenate([own.astype(np.int64) + row * context for row, own in enumerate(starts)])
    numbers = np.concatenate([np.arange(len(own), dtype=np.int32) for own in starts])
    return np.repeat(numbers, np.diff(begins, append=rows * context)).reshape(shape)


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
