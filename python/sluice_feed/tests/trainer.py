"""A trainer whose numbers do not depend on the number of ranks, to compare runs bit by bit.

Every sequence has its gradient and losses by itself; all ranks gather them and add them up in the order of slots. It
writes a line a step: the sequences by slot, the losses posted. It stops for good at --steps.

    trainer.py URL[,URL...] --rank R --world W --rendezvous FILE --steps N --every CHECKPOINT --out FOLDER
"""

import argparse
import json
import os

import torch
import torch.distributed as dist

from sluice_feed import FeedDataset


def gathered(rows, world):
    """Rows of all ranks by slot: [slots, numbers] float64."""
    most = torch.tensor([len(rows)])
    dist.all_reduce(most, op=dist.ReduceOp.MAX)
    padded = torch.full((int(most), rows.shape[1]), -1.0, dtype=torch.float64)
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in range(world)]
    dist.all_gather(parts, padded)
    all_rows = torch.cat(parts)
    all_rows = all_rows[all_rows[:, 0] >= 0]
    return all_rows[all_rows[:, 0].argsort()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--world", type=int, default=1)
    parser.add_argument("--rendezvous", required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--every", type=int, required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{args.rendezvous}", rank=args.rank, world_size=args.world)
    dataset = FeedDataset(args.url.split(","), prefetch=2)
    vocabulary = dataset.client.facts["vocabulary"]["size"]
    # A bigram model with 4 features.
    torch.manual_seed(0)
    into = torch.randn(vocabulary, 4, dtype=torch.float64, requires_grad=True)
    out = torch.randn(4, vocabulary, dtype=torch.float64, requires_grad=True)
    checkpoint = os.path.join(args.out, "checkpoint.pt")
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        with torch.no_grad():
            into.copy_(saved["into"])
            out.copy_(saved["out"])
        dataset.load_state_dict(saved["data"])
    log = open(os.path.join(args.out, "steps.jsonl"), "a") if args.rank == 0 else None
    for step in dataset:
        rows = []
        for i in range(len(step["input_ids"])):
            counted = step["labels"][i] != -100
            logits = into[step["input_ids"][i][counted]] @ out
            loss = torch.nn.functional.cross_entropy(logits, step["labels"][i][counted], reduction="sum")
            gradient = torch.autograd.grad(loss, (into, out))
            head = [step["slot"][i], step["domain"][i], step["epoch"][i], step["index"][i], loss.item(), counted.sum()]
            rows.append(torch.cat([torch.tensor([float(x) for x in head], dtype=torch.float64),
                                   *(g.flatten() for g in gradient)]))
        rows = torch.stack(rows) if rows else torch.empty(0, 6 + 8 * vocabulary, dtype=torch.float64)
        rows = gathered(rows, args.world)
        total = torch.zeros(8 * vocabulary, dtype=torch.float64)
        sums, counts = [0.0] * len(dataset.domains), [0.0] * len(dataset.domains)
        for row in rows:
            total += row[6:]
            sums[int(row[1])] += row[4].item()
            counts[int(row[1])] += row[5].item()
        with torch.no_grad():
            into -= 0.001 * total[: 4 * vocabulary].view(vocabulary, 4)
            out -= 0.001 * total[4 * vocabulary :].view(4, vocabulary)
        losses = {d: s / n for d, s, n in zip(dataset.domains, sums, counts) if n > 0}
        done = step["step"] + 1
        if args.rank == 0:
            dataset.post_losses(step["step"], losses)
            line = {"step": step["step"], "sequences": rows[:, :4].int().tolist(), "losses": losses}
            log.write(json.dumps(line) + "\n")
            log.flush()
            if done % args.every == 0:
                torch.save({"into": into, "out": out, "data": {"step": done}}, f"{checkpoint}.tmp")
                os.replace(f"{checkpoint}.tmp", checkpoint)
        if done >= args.steps:
            break
    dist.barrier()


if __name__ == "__main__":
    main()
