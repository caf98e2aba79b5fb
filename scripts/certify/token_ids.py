"""Ids of texts by the tokenizers library, or by tiktoken with the same vocabulary and expression: what token-ids.ts
compares with.

    python token_ids.py <tokenizer.json> <texts: a JSON string a line> <out> [tiktoken] [special]

Writes to <out>, for each text, its number of ids and the ids, as uint32. With `special`, what the post-processor adds
is added. Also imported by ../bench/time-token_ids.py.
"""

import array
import json
import sys

PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CHUNK = 1000


def byte_of_character():
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in own]
    return {chr(b): b for b in own} | {chr(256 + i): b for i, b in enumerate(others)}


def tiktoken_of(path):
    """The same tokenizer as an Encoding of tiktoken, without added tokens; its merges must be in the order of ids."""
    import tiktoken

    with open(path, encoding="utf-8") as file:
        parsed = json.load(file)
    pre = parsed["pre_tokenizer"]
    splits = [p for p in pre.get("pretokenizers", [pre]) if p["type"] == "Split"]
    pattern = splits[0]["pattern"]["Regex"] if splits else PATTERN
    table = byte_of_character()
    tokens = {}
    added = {t["content"] for t in parsed["added_tokens"]}
    for token, rank in parsed["model"]["vocab"].items():
        if token not in added and all(c in table for c in token):
            tokens[bytes(table[c] for c in token)] = rank
    return tiktoken.Encoding("same", pat_str=pattern, mergeable_ranks=tokens, special_tokens={})


def texts_of(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def main():
    path, texts, out, *how = sys.argv[1:]
    if "tiktoken" in how:
        encoding = tiktoken_of(path)
        encode = lambda part: [encoding.encode_ordinary(text) for text in part]
    else:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(path)
        encode = lambda part: [e.ids for e in tokenizer.encode_batch(part, add_special_tokens="special" in how)]
    with open(out, "wb") as file:
        part = []

        def flush():
            for ids in encode(part):
                array.array("I", [len(ids), *ids]).tofile(file)
            part.clear()

        for text in texts_of(texts):
            part.append(text)
            if len(part) == CHUNK:
                flush()
        flush()


if __name__ == "__main__":
    main()
