"""Makes and checks what the model tests are compared with. Needs torch and transformers.

make   writes test/fixtures/models/: small random checkpoints of every family as transformers saves them, their logits,
       and for each the losses of ten steps of AdamW, for three of them the gradients of the first.
       Usage: python scripts/make/torch-oracle.py make
open   opens a checkpoint that Sluice saved and prints its logits as JSON.
       Usage: python scripts/make/torch-oracle.py open FOLDER '[[token, ...], ...]'
bench  prints tokens per CPU-second of scoring and training of a saved checkpoint on one thread, as JSON: dropout 0,
       scaled_dot_product_attention, fused AdamW; eager, or by torch.compile.
       Usage: python scripts/make/torch-oracle.py bench FOLDER ROWS LENGTH eager|compiled score,train
"""

import json
import math
import os
import shutil
import sys
import time

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, LlamaConfig, Qwen2Config

CONTEXT = 32
VOCABULARY = 40
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "fixtures", "models")
LLAMA = dict(
    vocab_size=VOCABULARY,
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=CONTEXT,
)
MODELS = {
    "gpt2": (
        GPT2Config(
            vocab_size=VOCABULARY, n_embd=16, n_layer=2, n_head=4, n_positions=CONTEXT, bos_token_id=0, eos_token_id=0
        ),
        dict(),
    ),
    "neox": (
        GPTNeoXConfig(
            vocab_size=VOCABULARY,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=CONTEXT,
            eos_token_id=0,
        ),
        dict(dtype=torch.float16),
    ),
    "llama": (LlamaConfig(**LLAMA), dict(dtype=torch.bfloat16, max_shard_size="6KB")),
    "llama3": (
        LlamaConfig(
            **LLAMA,
            tie_word_embeddings=True,
            head_dim=8,
            attention_bias=True,
            mlp_bias=True,
            rope_parameters=dict(
                rope_type="llama3",
                rope_theta=500.0,
                factor=4.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=16,
            ),
        ),
        dict(),
    ),
    "qwen2": (Qwen2Config(**LLAMA), dict()),
}


def tokens_of(rows, length, shift=0):
    """The same tokens as in test/models/torch.test.ts."""
    return torch.tensor(
        [[(7 * i + i * i // 3 + 11 * r + shift) % VOCABULARY for i in range(length)] for r in range(rows)]
    )


def random_model(config, seed):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            scale = 0.2 if p.ndim > 1 else 0.1
            p.copy_(torch.randn_like(p) * scale + (1.0 if "norm" in name or "ln_" in name else 0.0) * (p.ndim == 1))
    return model


def loss_of(model, tokens):
    logits = model(tokens).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1))


def optimizer_of(model, **options):
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=vectors, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8, **options)


def train(model, folder, with_gradients):
    optimizer = optimizer_of(model)
    losses, norms = [], []
    for step in range(10):
        loss = loss_of(model, tokens_of(2, CONTEXT, step))
        optimizer.zero_grad()
        loss.backward()
        if step == 0 and with_gradients:
            # In files the output layer of GPT-NeoX keeps its older name.
            neox = model.config.model_type == "gpt_neox"
            names = {n: n.replace("lm_head", "embed_out") if neox else n for n, _ in model.named_parameters()}
            gradients = {names[n]: p.grad.clone() for n, p in model.named_parameters()}
            save_file(gradients, os.path.join(folder, "gradients.safetensors"))
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    return losses, norms


def make():
    for seed, (name, (config, options)) in enumerate(MODELS.items()):
        folder = os.path.join(ROOT, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        dtype = options.pop("dtype", torch.float32)
        random_model(config, seed).to(dtype).save_pretrained(folder, **options)
        os.remove(os.path.join(folder, "generation_config.json"))
        # Logits and training in float32 from the weights as they were saved.
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        with torch.no_grad():
            logits = {str(n): [round(x, 6) for x in model(tokens_of(1, n)).logits.flatten().tolist()]
                      for n in (5, CONTEXT)}
        losses, norms = train(model, folder, with_gradients=name in ("gpt2", "neox", "llama"))
        with open(os.path.join(folder, "oracle.json"), "w") as f:
            json.dump(dict(logits=logits, losses=losses, gradientNorms=norms), f)


def open_model(folder, tokens):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        print(json.dumps(model(torch.tensor(json.loads(tokens))).logits.flatten().tolist()))


def bench(folder, rows, length, compiled, works):
    torch.set_num_threads(1)
    # Sluice computes no dropout; GPT-2 of transformers has 0.1 where config.json says nothing.
    config = AutoConfig.from_pretrained(folder)
    for name in ("resid_pdrop", "embd_pdrop", "attn_pdrop", "attention_dropout", "hidden_dropout"):
        if hasattr(config, name):
            setattr(config, name, 0.0)
    model = AutoModelForCausalLM.from_pretrained(
        folder, config=config, dtype=torch.float32, attn_implementation="sdpa"
    )
    tokens = torch.randint(0, model.config.vocab_size, (rows, length))
    optimizer = optimizer_of(model, fused=True)
    if compiled:
        model = torch.compile(model)

    def score():
        with torch.no_grad():
            logits = model.eval()(tokens).logits[:, :-1]
            torch.nn.functional.cross_entropy(
                logits.reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1), reduction="none"
            )

    def step():
        loss = loss_of(model.train(), tokens)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def seconds_of(work, runs):
        begin = time.process_time()
        for _ in range(runs):
            work()
        return (time.process_time() - begin) / runs

    rates = {}
    for name, work in (("score", score), ("train", step)):
        if name not in works:
            continue
        # What is compiled is compiled in the first runs.
        for _ in range(3):
            work()
        runs = math.ceil(1 / seconds_of(work, 1))
        seconds = [seconds_of(work, runs) for _ in range(5)]
        rates[name] = rows * length / sorted(seconds)[2]
    print(json.dumps(dict(version=torch.__version__, **rates)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make()
    elif sys.argv[1:2] == ["open"] and len(sys.argv) == 4:
        open_model(*sys.argv[2:])
    elif sys.argv[1:2] == ["bench"] and len(sys.argv) == 7 and sys.argv[5] in ("eager", "compiled"):
        bench(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "compiled", sys.argv[6].split(","))
    else:
        sys.exit(__doc__)
