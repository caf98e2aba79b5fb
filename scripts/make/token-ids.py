"""Writes test/fixtures/tokenizers.json: byte pairs learnt from the documentation of Sluice, texts of our own, and the
ids that the tokenizers library of Hugging Face gives them with several pre-tokenizers. test/models/tokenizers/
byte-pairs.test.ts compares.

    python scripts/make/token-ids.py          (needs tokenizers)
"""

import json
import pathlib

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "test/fixtures/tokenizers.json"
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r"\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
GPT4 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + REST
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + REST
O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + REST
)

MORE = """Die Mühle am Fluss mahlt nachts nicht. La rivière tourne la roue, l'été comme l'hiver. Мельница у реки.
水車小屋は川のほとりにある。水车在河边。नदी के किनारे चक्की है। الطاحونة بجانب النهر. 강가의 물레방아. Το νερό γυρίζει τον τροχό.
O moinho não para; młyn nad rzeką; değirmen nehrin kıyısında. The miller's wheel, they're old, we've seen 1,234 of them.
""" * 40

TEXTS = [
    "",
    " ",
    "a",
    "The miller's wheel turned; they're here, WE'VE gone, I'D go, it'S, 'tis. 'Twas 'RE 'ſ",
    "one  two   three\n\n  four\t\tfive \r\n\r\nsix \n seven   ",
    "   leading, and trailing \n",
    "12345 6789 0 1,234.50 ½ ²³ ३४५ ٣٤ Ⅷ 〇 ①② x2y 3D",
    "snake_case camelCase HTTPServer XMLHttpRequest getURL iPhone ÜBER Straße ŁÓDŹ ǅabc ʰx 'sA",
    "a/b//c/\n/d\n\n--==>>!!!\n\r\n?.../\\\n",
    "U+0085:\u0085x\u0085\u0085y U+FEFF:\ufeffx\ufeff U+00A0:\u00a0x\u00a0\u00a0y "
    "U+2028:\u2028z\u3000 \u3000w\u200b\u200d",
    "e\u0301 n\u0303 \u0301x q\u0327\u0301 \u1e9b\u0323 \u212b \u2126 \uac00 "
    "\u1100\u1161\u11a8 \u0958 \u0915\u093c \u0340",
    "नदी के किनारे क्\u200dष ไม่มีช่องว่าง 水車小屋、川。🐎👨‍👩‍👧‍👦🏽 𝟘𝟙 𐐀𐐨 \U0002f800 \U00010ffff",
    "ÜBERMÄẞIG ὈΔΥΣΣΕΎΣ Дом'S дом's \u02bcs’s",
    "<end><end> <end>a <mask> x <mask>\n\n<mask>y cat cats cat. a cat_ cat<end>cat é cat\u0301 Ca\u0301t",
    "\u0000\u0001\u007f\u0080 \ufffd \ufffe \ue000 \u00ad",
    "ab" * 40 + " " + "水" * 50 + " " + "-" * 70 + " " * 50 + "x",
    " thewheel thewheels thewheel",
]

NEVER = dict(single_word=False, lstrip=False, rstrip=False)
ADDED = [
    AddedToken("<end>", special=True, normalized=False, **NEVER),
    AddedToken("<mask>", special=True, normalized=False, single_word=False, lstrip=True, rstrip=True),
    AddedToken("cat", special=False, normalized=True, single_word=True, lstrip=False, rstrip=False),
    AddedToken("Ca\u0301t", special=False, normalized=True, **NEVER),
]


def split(pattern):
    parted = pre_tokenizers.Split(Regex(pattern), "isolated")
    return pre_tokenizers.Sequence([parted, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def gpt2():
    return pre_tokenizers.ByteLevel(add_prefix_space=False)


WAYS = {
    "gpt2": dict(pieces=gpt2()),
    "gpt2-nfc-added": dict(pieces=gpt2(), normalizer=normalizers.NFC(), added=ADDED),
    "gpt2-digits": dict(pieces=pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2()])),
    "gpt4-whole": dict(pieces=split(GPT4), whole=True, added=ADDED, begins=True),
    "qwen2": dict(pieces=split(QWEN2), normalizer=normalizers.NFC()),
    "o200k": dict(pieces=split(O200K)),
}


def main():
    prose = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "docs").glob("*.md"))] + [MORE]
    base = Tokenizer(models.BPE())
    base.pre_tokenizer = gpt2()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    base.train_from_iterator(
        prose, trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, show_progress=False)
    )
    model = json.loads(base.to_str())["model"]
    # A token that no merge makes: only a whole piece is it, and only with ignore_merges.
    model["vocab"]["Ġthewheel"] = len(model["vocab"])
    ways = {}
    for name, way in WAYS.items():
        of_model = {**model, "ignore_merges": way.get("whole", False)}
        tokenizer = Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": of_model}))
        tokenizer.pre_tokenizer = way["pieces"]
        tokenizer.decoder = decoders.ByteLevel()
        if "normalizer" in way:
            tokenizer.normalizer = way["normalizer"]
        tokenizer.add_tokens([t for t in way.get("added", []) if not t.special])
        tokenizer.add_special_tokens([t for t in way.get("added", []) if t.special])
        if way.get("begins"):
            tokenizer.post_processor = processors.TemplateProcessing(
                single="<end> $A:0", pair="<end> $A:0 $B:1", special_tokens=[("<end>", tokenizer.token_to_id("<end>"))]
            )
        made = json.loads(tokenizer.to_str())
        ways[name] = {
            "tokenizer": {k: v for k, v in made.items() if k != "model"},
            "ignoreMerges": way.get("whole", False),
            "ids": [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS],
        }
        if way.get("begins"):
            ways[name]["withSpecial"] = [tokenizer.encode(text).ids for text in TEXTS]
        print(name, sum(map(len, ways[name]["ids"])), "ids")
    record = {"from": f"tokenizers {tokenizers.__version__}", "model": model, "texts": TEXTS, "ways": ways}
    OUT.write_text(json.dumps(record, ensure_ascii=True, separators=(",", ":")) + "\n")


main()
