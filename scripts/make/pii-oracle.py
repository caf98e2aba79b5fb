"""Runs the PII expressions of datatrove and dolma on made texts and writes down what they find.

    python -m venv oracle && oracle/bin/pip install "datatrove==0.10.*" regex nltk
    python -m venv oracle-dolma && oracle-dolma/bin/pip install "dolma==1.2.*"
    oracle/bin/python scripts/make/pii-oracle.py datatrove test/fixtures/pii/datatrove.json
    oracle-dolma/bin/python scripts/make/pii-oracle.py dolma test/fixtures/pii/dolma.json

Texts are words, marks and numbers in random order (seed 5), so that odd neighbours come up. datatrove: the text after
a formatter of its own for each document. dolma: the spans of pii_regex_with_counts_fast_v2.
"""
import importlib.util
import json
import random
import sys
import types

seed = random.Random(5)
PARTS = [
    "a", "ab", "foo", "x.y", "..", ".", "@", "@", "@", "example.com", "a-b.org", "-", "b-", "-c",
    "[1.2.3.4]", "[1.2.3.x:]", "1.2.3.4", "8.8.4.256", "256.1.1.1", "10.0.0.1", "192.0.2.7",
    "93.184.216.34", "001.2.3.4", "7.7.7.007",
    " ", " ", "\n", "\t", ",", ";", ":", "(", ")", "!", "?", "é", "日本", "#", "'", "+", "_", "(202) 555-0158",
    "202-555-0158", "2025550158", "(202)5550158", " 123 ", "456", "7890", "\u00a0", "..com", "co.uk.", "İ",
    "²", "~", "=",
]
texts = ["".join(seed.choice(PARTS) for _ in range(seed.randint(1, 14))) for _ in range(700)]
texts += ["", "a@b.c", "a@b.c ", " a@b.c. ", "x" * 300 + "@" + "y." * 40 + "z", "?" * 10001 + " a@b.co 1.2.3.4 "]

tool, out = sys.argv[1:]
if tool == "datatrove":
    from datatrove.pipeline.formatters.pii import PIIFormatter

    rows = [PIIFormatter().format(text) for text in texts]
else:
    # The taggers' package loads the whole toolkit; this file of it needs these names only.
    folder = importlib.util.find_spec("dolma").submodule_search_locations[0]
    for name in ("dolma", "dolma.core", "dolma.taggers"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [folder + "".join("/" + p for p in name.split(".")[1:])]
    sys.modules["dolma.core.registry"] = types.ModuleType("dolma.core.registry")
    sys.modules["dolma.core.registry"].TaggerRegistry = type("R", (), {"add": staticmethod(lambda n: lambda c: c)})
    sys.modules["dolma.core.taggers"] = types.ModuleType("dolma.core.taggers")
    sys.modules["dolma.core.taggers"].BaseTagger = object
    types_module = types.ModuleType("dolma.core.data_types")

    class Span:
        def __init__(self, start, end, type="", score=1.0):
            self.start, self.end, self.type, self.score = start, end, type, score

        def __len__(self):
            return self.end - self.start

    class TextSlice:
        def __init__(self, doc, start, end):
            self.doc, self.start, self.end = doc, start, end

        @property
        def text(self):
            return self.doc[self.start:self.end]

    types_module.Span, types_module.TextSlice = Span, TextSlice
    types_module.DocResult = lambda doc, spans: types.SimpleNamespace(doc=doc, spans=spans)
    types_module.Document = types.SimpleNamespace
    sys.modules["dolma.core.data_types"] = types_module
    import contextlib

    sys.modules["necessary"] = types.ModuleType("necessary")
    sys.modules["necessary"].necessary = lambda *a, **k: contextlib.nullcontext(False)
    utils = types.ModuleType("dolma.core.utils")

    def split_paragraphs(text, remove_empty=True):
        slices, start = [], 0
        while start < len(text):
            end = text.find("\n", start) + 1 or len(text)
            if text[start:end].strip():
                slices.append(TextSlice(text, start, end))
            start = end
        return slices

    utils.split_paragraphs = split_paragraphs
    sys.modules["dolma.core.utils"] = utils
    spec = importlib.util.spec_from_file_location("dolma.taggers.pii", folder + "/taggers/pii.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    tagger = module.FastPiiRegex()
    rows = [
        [[s.type, s.start, s.end] for s in spans if "doc" not in s.type]
        for spans in (tagger.predict(types.SimpleNamespace(text=text)).spans for text in texts)
    ]

with open(out, "w", encoding="utf-8") as f:
    pairs = [[text, row] for text, row in zip(texts, rows) if len(text) < 1000]
    f.write("[\n" + ",\n".join(json.dumps(p, ensure_ascii=True) for p in pairs) + "\n]\n")
