"""Data-parallel training over a feed, any number of gloo ranks: the global batches do not depend on it.

    torchrun --nproc_per_node 2 two_ranks.py http://127.0.0.1:7077 --steps 100
"""

import argparse

import torch
import torch.distributed as dist
from model import Model, losses_by_domain, posted
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from sluice_feed import FeedDataset


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--steps", type=int, default=100)
    args = parser.parse_args()
    dist.init_process_group("gloo")
    torch.manual_seed(0)
    dataset = FeedDataset(args.url)
    facts = dataset.client.facts
    model = DistributedDataParallel(Model(facts["vocabulary"]["size"], facts["contextLength"]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for step in DataLoader(dataset, batch_size=None):
        loss, sums, counts = losses_by_domain(model, step, dataset.domains)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        totals = torch.stack([sums, counts])
        dist.all_reduce(totals)
        if dist.get_rank() == 0:
            losses = posted(*totals, dataset.domains)
            dataset.post_losses(step["step"], losses)
            if (step["step"] + 1) % 10 == 0:
                shown = "  ".join(f"{d} {v:.3f}" for d, v in losses.items() if v is not None)
                print(f"step {step['step'] + 1}  {shown}", flush=True)
        if step["step"] + 1 >= args.steps:
            break
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
