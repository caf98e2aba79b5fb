"""Sequences of a Sluice feed for PyTorch."""

from .client import FeedClient, FeedError, FeedWaits
from .dataset import FeedDataset

__all__ = ["FeedClient", "FeedDataset", "FeedError", "FeedWaits"]
