"""A training loop over a feed, which posts losses and resumes from its checkpoint.

    sluice feed sluice-out/quickstart --scheduler doremi ...
    python pytorch_loop.py http://127.0.0.1:7077 --steps 200 --checkpoint model.pt
"""

import argparse
import os

import torch
from model import Model, losses_by_domain, posted
from torch.utils.data import DataLoader

from sluice_feed import FeedDataset


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--checkpoint", default="model.pt")
    parser.add_argument("--every", type=int, default=20, help="steps between two checkpoints")
    parser.add_argument("--workers", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    dataset = FeedDataset(args.url)
    facts = dataset.client.facts
    model = Model(facts["vocabulary"]["size"], facts["contextLength"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    if os.path.exists(args.checkpoint):
        saved = torch.load(args.checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        dataset.load_state_dict(saved["data"])
        print(f"goes on from step {saved['data']['step']}")
    loader = DataLoader(dataset, batch_size=None, num_workers=args.workers)
    for step in loader:
        loss, sums, counts = losses_by_domain(model, step, dataset.domains)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses = posted(sums, counts, dataset.domains)
        dataset.post_losses(step["step"], losses)
        done = step["step"] + 1
        if done % 10 == 0:
            shown = "  ".join(f"{d} {v:.3f}" for d, v in losses.items() if v is not None)
            print(f"step {done}  loss {loss.item():.3f}  {shown}", flush=True)
        if done % args.every == 0:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "data": {"step": done}}
            torch.save(state, f"{args.checkpoint}.tmp")
            os.replace(f"{args.checkpoint}.tmp", args.checkpoint)
        if done >= args.steps:
            break


if __name__ == "__main__":
    main()
