"""The Trainer of Hugging Face over a feed; a callback posts the losses of each domain.

    python hf_trainer.py http://127.0.0.1:7077 --steps 50
"""

import argparse

import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

from sluice_feed import FeedDataset


class FeedTrainer(Trainer):
    """Labels of a feed are shifted already, and a step's losses go back to it."""

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        outputs = model(input_ids=inputs["input_ids"])
        labels = inputs["labels"]
        each = nn.functional.cross_entropy(
            outputs.logits.flatten(0, 1), labels.flatten(), reduction="none", ignore_index=-100
        ).view(labels.shape)
        counted = (labels != -100).sum(1)
        dataset = self.train_dataset
        losses = {}
        for i, name in enumerate(dataset.domains):
            own = inputs["domain"] == i
            if own.any():
                losses[name] = (each[own].sum() / counted[own].sum()).item()
        dataset.post_losses(int(inputs["step"][0]), losses)
        loss = (each * inputs["loss_weight"][:, None]).sum() / counted.sum()
        return (loss, outputs) if return_outputs else loss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--output", default="hf-out")
    args = parser.parse_args()
    torch.manual_seed(0)
    dataset = FeedDataset(args.url, sequences=True)
    facts = dataset.client.facts
    config = GPT2Config(
        vocab_size=facts["vocabulary"]["size"],
        n_positions=facts["contextLength"],
        n_embd=64,
        n_layer=2,
        n_head=4,
        bos_token_id=None,
        eos_token_id=facts["vocabulary"]["endOfText"],
    )
    arguments = TrainingArguments(
        output_dir=args.output,
        max_steps=args.steps,
        # A batch of the Trainer is a step of the feed.
        per_device_train_batch_size=facts["sequencesPerStep"],
        logging_steps=10,
        save_strategy="no",
        report_to=[],
        remove_unused_columns=False,
        use_cpu=True,
    )
    FeedTrainer(model=GPT2LMHeadModel(config), args=arguments, train_dataset=dataset).train()


if __name__ == "__main__":
    main()
