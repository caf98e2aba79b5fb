"""A small causal transformer for the examples."""

import torch
from torch import nn


class Model(nn.Module):
    def __init__(self, vocabulary, context, width=64, layers=2, heads=4):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(context, width)
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        context = ids.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(context)
        hidden = self.tokens(ids) + self.places(torch.arange(context))
        return self.out(self.blocks(hidden, mask=mask, is_causal=True))


def losses_by_domain(model, step, domains):
    """Mean loss to train on, and for each domain the sum over its tokens and their number."""
    logits = model(step["input_ids"])
    each = nn.functional.cross_entropy(logits.flatten(0, 1), step["labels"].flatten(), reduction="none", ignore_index=-100)
    each = each.view(step["labels"].shape)
    counted = (step["labels"] != -100).float()
    weighted = (each * step["loss_weight"][:, None]).sum() / counted.sum()
    sums, counts = torch.zeros(len(domains)), torch.zeros(len(domains))
    sums.index_add_(0, step["domain"], each.detach().sum(1))
    counts.index_add_(0, step["domain"], counted.sum(1))
    return weighted, sums, counts


def posted(sums, counts, domains):
    """What `post_losses` takes."""
    return {d: float(s / n) if n > 0 else None for d, s, n in zip(domains, sums, counts)}
