"""Writes test/fixtures/chat-templates.json: conversations as transformers' apply_chat_template renders them.

The templates are ours, in the manner of those that models come with, so that each construct they use is tried.
Usage: python scripts/make/chat-templates.py > test/fixtures/chat-templates.json   (transformers 5.24, jinja2 3.1)
"""

import json
import sys

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}

TEMPLATES = {
    "turns with a mark at each end": (
        "{% for m in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
        "{{ '<|begin|>system\\nYou answer questions.<|end|>\\n' }}{% endif %}"
        "{{'<|begin|>' + m['role'] + '\\n' + m['content'] + '<|end|>' + '\\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|begin|>assistant\\n' }}{% endif %}"
    ),
    "headers, trimmed, with a default date": (
        "{{- bos_token }}\n{%- if not date_string is defined %}\n    {%- if strftime_now is defined and false %}\n"
        "        {%- set date_string = strftime_now('%d %b %Y') %}\n    {%- else %}\n"
        "        {%- set date_string = '26 Jul 2024' %}\n    {%- endif %}\n{%- endif %}\n"
        "{%- if messages[0]['role'] == 'system' %}\n    {%- set said = messages[0]['content']|trim %}\n"
        "    {%- set messages = messages[1:] %}\n{%- else %}\n    {%- set said = '' %}\n{%- endif %}\n"
        "{{- '<|head|>system<|/head|>\\n\\n' }}\n{%- if tools is not none %}\n"
        "    {{- 'Tools: ipython\\n' }}\n{%- endif %}\n"
        "{{- 'Today: ' + date_string + '\\n\\n' + said + '<|eot|>' }}\n"
        "{%- for m in messages %}\n"
        "    {{- '<|head|>' + m.role + '<|/head|>\\n\\n' + m['content'] | trim + '<|eot|>' }}\n"
        "{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|head|>assistant<|/head|>\\n\\n' }}\n{%- endif %}\n"
    ),
    "instructions in brackets, turns that must alternate": (
        "{{ bos_token }}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('Roles must alternate user/assistant/user/...') }}{% endif %}"
        "{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
        "{% elif m['role'] == 'assistant' %}{{ m['content'] + eos_token }}{% else %}"
        "{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
    ),
    "other names of roles, no system": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
        "{% endif %}{% for m in messages %}{% if (m['role'] == 'assistant') %}{% set role = 'model' %}"
        "{% else %}{% set role = m['role'] %}{% endif %}"
        "{{ '<turn>' + role + '\\n' + m['content'] | trim + '</turn>\\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{'<turn>model\\n'}}{% endif %}"
    ),
    "blocks on lines of their own": (
        "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
        "{{ '<|user|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n"
        "{{ '<|system|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n"
        "{{ '<|assistant|>\\n'  + message['content'] + eos_token }}\n{% endif %}\n"
        "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
    ),
    "a namespace, a macro, what was thought left out": (
        "{%- macro turn(role, content) -%}\n{{ '<|' ~ role ~ '|>' ~ content ~ '<|/|>' }}\n{%- endmacro -%}\n"
        "{%- set ns = namespace(last=-1, n=0) %}\n{%- for m in messages[::-1] %}\n"
        "    {%- set i = (messages|length - 1) - loop.index0 %}\n"
        "    {%- if ns.last < 0 and m.role == 'user' and m.content is string %}{%- set ns.last = i %}{%- endif %}\n"
        "{%- endfor %}\n"
        "{%- for m in messages %}\n    {%- set content = m.content %}\n"
        "    {%- if m.role == 'assistant' and '</think>' in content %}\n"
        "        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n    {%- endif %}\n"
        "    {%- set ns.n = ns.n + 1 %}\n    {{- turn(m.role, content) }}\n{%- endfor %}\n"
        "{{- '#' ~ ns.n ~ ' of ' ~ ns.last }}\n{%- if add_generation_prompt %}{{- '<|assistant|>' }}{%- endif %}"
    ),
    "as JSON, with what a loss is on": (
        "{%- for m in messages if m.role != 'system' -%}\n{%- if m.role == 'assistant' -%}\n"
        "{%- generation -%}{{ m.content }}{{ eos_token }}{%- endgeneration -%}\n{%- else -%}\n"
        "{{ {'role': m.role, 'content': m.content} | tojson }}\n{%- endif -%}\n{%- endfor -%}\n"
        "{{ '|' + (messages | map(attribute='role') | join(',')) }}"
    ),
}

USER = {"role": "user", "content": "  Say \u201cgood morning\u201d & <b>name</b> the caf\u00e9's owner.\nThen stop. "}
CONVERSATIONS = {
    "one": [USER],
    "system": [{"role": "system", "content": "You are shown a document.\n"}, USER],
    "turns": [
        USER,
        {"role": "assistant", "content": "<think>Who?</think>\n\nGood morning, {{ name }}."},
        {"role": "user", "content": "And {% raw %} tomorrow?"},
    ],
}


def main():
    rows = []
    for name, template in TEMPLATES.items():
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), chat_template=template, **TOKENS)
        texts = {}
        for kind, messages in CONVERSATIONS.items():
            try:
                texts[kind] = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            except Exception as error:  # the words of the template, which are part of what is compared
                texts[kind] = {"error": str(error)}
        rows.append({"name": name, "template": template, "texts": texts})
    json.dump({"tokens": TOKENS, "conversations": CONVERSATIONS, "rows": rows}, sys.stdout, indent=1, ensure_ascii=True)
    print()


main()
