"""Makes what the tests of training transforms are compared with. Needs torch, transformers and peft.

make   writes test/fixtures/transforms/: oracle.json with five losses of each way to train one of the checkpoints of
       test/fixtures/models, and adapters/ with LoRA adapters as PEFT saves them.
       Usage: python scripts/make/transforms-oracle.py make
logits opens a checkpoint with an adapter beside it by PEFT and prints its logits as JSON.
       Usage: python scripts/make/transforms-oracle.py logits FOLDER ADAPTER '[[token, ...], ...]'
"""

import importlib.util
import json
import os
import shutil
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax
from transformers import AutoModelForCausalLM
from transformers.models.gpt2 import modeling_gpt2

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = importlib.util.spec_from_file_location("torch_oracle", os.path.join(HERE, "torch-oracle.py"))
torch_oracle = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(torch_oracle)
MODELS = torch_oracle.ROOT
FIXTURES = os.path.join(HERE, "..", "..", "test", "fixtures", "transforms")
CONTEXT = torch_oracle.CONTEXT
PRIME = 1021
STEPS = 5
TARGETS = {
    "gpt2": ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"],
    "neox": ["attention.query_key_value", "attention.dense", "mlp.dense_h_to_4h", "mlp.dense_4h_to_h"],
    "llama": ["self_attn.q_proj", "self_attn.v_proj"],
}


def load(name):
    folder = os.path.join(MODELS, name)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def tokens(step):
    return torch_oracle.tokens_of(2, CONTEXT, step)


def flat(logits, ids):
    return logits[:, :-1].reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1)


def plain_loss(model, step, **options):
    return cross_entropy(*flat(model(tokens(step)).logits, tokens(step)), **options)


def groups(model, decays):
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    return [
        dict(params=[p for n, p in named if decays(n, p)], weight_decay=0.1),
        dict(params=[p for n, p in named if not decays(n, p)], weight_decay=0.0),
    ]


def matrices(_, p):
    return p.ndim >= 2


class Coupled(torch.optim.Optimizer):
    """AdamW in which the rows of some matrices share the mean of their second moments."""

    def __init__(self, groups, coupled, lr=1e-2, betas=(0.9, 0.95), eps=1e-8):
        super().__init__(groups, dict(lr=lr, betas=betas, eps=eps))
        self.coupled = {id(p) for p in coupled}

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(step=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                state["step"] += 1
                state["m"].lerp_(p.grad, 1 - b1)
                state["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                m = state["m"] / (1 - b1 ** state["step"])
                v = state["v"] / (1 - b2 ** state["step"])
                if id(p) in self.coupled:
                    v = v.mean(0, keepdim=True)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * m / (v.sqrt() + group["eps"]))


def train(model, loss_of, optimizer=None):
    optimizer = optimizer or torch.optim.AdamW(groups(model, matrices), lr=1e-2, betas=(0.9, 0.95), eps=1e-8)
    parameters = [p for p in model.parameters() if p.requires_grad]
    losses = []
    for step in range(STEPS):
        loss = loss_of(model, step)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def numbers(kind, *shape):
    """The noise of test/training/transforms/torch.test.ts."""
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    return ((i * i * 31 + i * 7 + kind * 3) % PRIME).reshape(shape)


class Mask(torch.nn.Module):
    def __init__(self, row, column, dropped):
        super().__init__()
        (a, e), (b, c, f) = row, column
        x = (a[..., None] * b + e[..., None]) % PRIME
        self.kept = ((x * x + c * x + f) % PRIME >= dropped).float() * (PRIME / (PRIME - dropped))

    def forward(self, x):
        return x * self.kept.reshape(x.shape)


def masked_attention(module, query, key, value, attention_mask, scaling=None, **_):
    """Eager attention with the mask of a module where transformers calls a function."""
    scores = torch.matmul(query, key.transpose(-1, -2)) * (scaling or query.size(-1) ** -0.5)
    shares = module.attn_dropout(softmax(scores + attention_mask, -1))
    return torch.matmul(shares, value).transpose(1, 2), shares


def with_masks(model, dropped):
    modeling_gpt2.eager_attention_forward = masked_attention
    layers, heads, width = model.config.n_layer, model.config.n_head, model.config.n_embd
    places = 1 + 2 * layers
    rows, columns = numbers(0, places, 2, 2 * CONTEXT), numbers(1, places, 3, width)
    share_rows, share_columns = numbers(2, layers, 2, 2, heads, CONTEXT), numbers(3, layers, 3, CONTEXT)
    model.transformer.drop = Mask(rows[0], columns[0], dropped)
    for i, block in enumerate(model.transformer.h):
        block.attn.attn_dropout = Mask(share_rows[i], share_columns[i], dropped)
        block.attn.resid_dropout = Mask(rows[1 + 2 * i], columns[1 + 2 * i], dropped)
        block.mlp.dropout = Mask(rows[2 + 2 * i], columns[2 + 2 * i], dropped)
    return model


def adapted(name):
    config = LoraConfig(
        r=2, lora_alpha=6, target_modules=TARGETS[name], task_type="CAUSAL_LM", fan_in_fan_out=name == "gpt2"
    )
    model = get_peft_model(load(name), config).eval()
    with torch.no_grad():
        for n, p in model.named_parameters():
            if "lora_" in n:
                i = torch.arange(p.numel(), dtype=torch.float64)
                values = (i * 37 % 19 - 9) / 50 if "lora_A" in n else (i * 23 % 17 - 8) / 60
                p.copy_(values.reshape(p.shape))
    return model


def taught_loss(teacher, share, temperature, k=None):
    def loss_of(model, step):
        own, targets = flat(model(tokens(step)).logits, tokens(step))
        with torch.no_grad():
            theirs, _ = flat(teacher(tokens(step)).logits, tokens(step))
        q = log_softmax(own / temperature, -1)
        if k is not None:
            theirs, ids = theirs.topk(k)
            q = q.gather(1, ids)
        apart = kl_div(q, softmax(theirs / temperature, -1), reduction="batchmean")
        return (1 - share) * cross_entropy(own, targets) + share * temperature**2 * apart

    return loss_of


def near_loss(teacher, strength):
    def loss_of(model, step):
        out = model(tokens(step), output_hidden_states=True)
        with torch.no_grad():
            theirs = teacher(tokens(step), output_hidden_states=True).hidden_states[-1]
        apart = (out.hidden_states[-1] - theirs)[:, :-1].square().sum(-1).mean()
        return cross_entropy(*flat(out.logits, tokens(step))) + strength * apart

    return loss_of


def lost_mass(teacher, k):
    with torch.no_grad():
        p = softmax(flat(teacher(tokens(0)).logits, tokens(0))[0], -1)
    return (1 - p.topk(k).values.sum(-1)).mean().item()


def make():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    os.makedirs(FIXTURES)
    oracle = {"labelSmoothing": train(load("gpt2"), lambda m, s: plain_loss(m, s, label_smoothing=0.1))}
    for name in ("gpt2", "neox"):
        model = load(name)
        ends = {id(p): p for p in (model.get_input_embeddings().weight, model.get_output_embeddings().weight)}
        oracle[f"coupled {name}"] = train(model, plain_loss, Coupled(groups(model, matrices), ends.values()))
    model = load("gpt2")
    without = groups(model, lambda n, p: p.ndim >= 2 and "wte" not in n and "wpe" not in n)
    optimizer = torch.optim.AdamW(without, lr=1e-2, betas=(0.9, 0.95), eps=1e-8)
    oracle["noEmbeddingDecay"] = train(model, plain_loss, optimizer)
    eager = modeling_gpt2.eager_attention_forward
    oracle["dropout"] = train(with_masks(load("gpt2"), 200), plain_loss)
    modeling_gpt2.eager_attention_forward = eager
    for name in TARGETS:
        model = adapted(name)
        oracle[f"lora {name}"] = train(model, plain_loss)
        folder = os.path.join(FIXTURES, "adapters", name)
        model.save_pretrained(folder)
        os.remove(os.path.join(folder, "README.md"))
        with open(os.path.join(folder, "adapter_config.json")) as f:
            config = json.load(f)
        # A path of the machine that made it, and a set, whose order is another each time.
        config["base_model_name_or_path"] = f"models/{name}"
        config["target_modules"].sort()
        with open(os.path.join(folder, "adapter_config.json"), "w") as f:
            json.dump(config, f, indent=2)
        with torch.no_grad():
            oracle[f"adapted {name}"] = [round(x, 6) for x in model(tokens(0)[:1, :5]).logits.flatten().tolist()]
    teacher = load("llama3")
    oracle["distillation"] = train(load("llama"), taught_loss(teacher, 0.5, 2.0))
    oracle["largest"] = train(load("llama"), taught_loss(teacher, 1.0, 1.0, 5))
    oracle["lostMass"] = lost_mass(teacher, 5)
    oracle["selfDistillation"] = train(load("llama"), near_loss(load("qwen2"), 0.01))
    with open(os.path.join(FIXTURES, "oracle.json"), "w") as f:
        json.dump(oracle, f)


def logits(folder, adapter, ids):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model = PeftModel.from_pretrained(model, adapter).eval()
    with torch.no_grad():
        print(json.dumps(model(torch.tensor(json.loads(ids))).logits.flatten().tolist()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make()
    elif sys.argv[1:2] == ["logits"] and len(sys.argv) == 5:
        logits(*sys.argv[2:])
    else:
        sys.exit(__doc__)
