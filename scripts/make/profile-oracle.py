"""Runs the real filters of datatrove and dolma and writes down their numbers and verdicts.

    python -m venv oracle && oracle/bin/pip install "datatrove==0.10.*" spacy regex nltk          # for datatrove
    python -m venv oracle-dolma && oracle-dolma/bin/pip install "dolma==1.2.*"         # for dolma (its pins clash
    with datatrove's)

    oracle/bin/python scripts/make/profile-oracle.py datatrove test/fixtures/profiles/texts.json
    test/fixtures/profiles/datatrove.json
    oracle-dolma/bin/python scripts/make/profile-oracle.py dolma test/fixtures/profiles/texts.json
    test/fixtures/profiles/dolma.json
    oracle/bin/python scripts/make/profile-oracle.py datatrove docs.jsonl verdicts.jsonl     # a corpus, for
    scripts/certify/agreement.ts
    oracle/bin/python scripts/make/profile-oracle.py marks                                   # the ranges in
    profiles/marks.ts

Input: a JSON list or JSON lines of {"id", "text"}. Output, in the same form (the list begins with the names of
`numbers`): numbers, reasons and the splits that the tool made (lengths
only), never text. The texts of the committed fixture are our own (scripts/make/profile-texts.ts).
"""
import hashlib
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as f:
        if path.endswith(".jsonl"):
            for line in f:
                yield json.loads(line)
        else:
            yield from json.load(f)


def write(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        if path.endswith(".jsonl"):
            for row in rows:
                f.write(json.dumps(row) + "\n")
        else:
            rows = list(rows)
            columns = list(dict.fromkeys(name for row in rows for name in row["numbers"]))
            for row in rows:
                row["numbers"] = [row["numbers"].get(name, "absent") for name in columns]
            lines = [json.dumps(row, separators=(",", ":")) for row in [{"columns": columns}, *rows]]
            f.write("[\n" + ",\n".join(lines) + "\n]\n")


def gaps(text, parts):
    """Places of parts in a text, in code points:
    "length" after a gap of one, "+length" after none, "gap:length" after another gap."""
    out, at = [], 0
    for part in parts:
        start = text.index(part, at)
        gap = start - at
        out.append(f"{len(part)}" if gap == 1 else f"+{len(part)}" if gap == 0 else f"{gap}:{len(part)}")
        at = start + len(part)
    return " ".join(out)


def digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def datatrove_rows(documents, with_splits):
    import datatrove.pipeline.filters.c4_filters as c4
    import datatrove.pipeline.filters.fineweb_quality_filter as fineweb
    import datatrove.pipeline.filters.gopher_quality_filter as quality
    import datatrove.pipeline.filters.gopher_repetition_filter as repetition
    from datatrove.data import Document
    from datatrove.utils.text import split_into_sentences, split_into_words

    cache = {}

    def words_of(text, language):
        if text not in cache:
            cache.clear()
            cache[text] = split_into_words(text, language)
        return cache[text]

    for module in (fineweb, quality, repetition):
        module.split_into_words = words_of
    sentences_seen = []

    def sentences_of(text, language):
        sentences = split_into_sentences(text, language)
        sentences_seen.append([text, len(sentences)])
        return sentences

    c4.split_into_sentences = sentences_of
    filters = {
        "quality": quality.GopherQualityFilter(),
        "quality_no_min": quality.GopherQualityFilter(min_doc_words=1, min_stop_words=0),
        "repetition": repetition.GopherRepetitionFilter(),
        "fineweb": fineweb.FineWebQualityFilter(),
        "c4": c4.C4QualityFilter(),
        "c4_fineweb": c4.C4QualityFilter(filter_no_terminal_punct=False),
    }

    for source in documents:
        text = source["text"]
        row = {"id": source["id"]}
        if "domain" in source:
            row["domain"] = source["domain"]
        words = words_of(text, "eng")
        row["words"] = gaps(text, words) if with_splits else len(words)
        for name, one in filters.items():
            sentences_seen.clear()
            document = Document(text=text, id="x")
            try:
                result = one.filter(document)
                row[name] = None if result is True else result[1]
            except ZeroDivisionError:
                row[name] = "ZeroDivisionError"
            if name.startswith("c4"):
                row[name + "_kept"] = None if row[name] else digest(document.text)
                if with_splits:
                    row[name + "_sentences"] = [n for _, n in sentences_seen]
        if with_splits:
            row["numbers"] = datatrove_numbers(text, words, quality, repetition, fineweb)
        yield row


def datatrove_numbers(text, words, quality, repetition, fineweb):
    """What the filters compare with their thresholds, by their own helpers; null where they divide by zero."""
    ratio = lambda a, b: a / b if b else None  # noqa: E731
    own = [w for w in words if any(c not in quality.PUNCTUATION_SET for c in w)]
    paragraphs = repetition.find_duplicates(repetition.re.split(r"\n{2,}", text.strip()))
    lines = repetition.find_duplicates(repetition.re.split(r"\n+", text))
    rows = [line for line in text.split("\n") if line.strip() != ""]
    numbers = {
        "gopher_word_count": len(own),
        "gopher_mean_word_length": float(quality.np.mean([len(w) for w in own])) if own else None,
        "gopher_alpha_word_ratio": ratio(sum(any(c.isalpha() for c in w) for w in words), len(words)),
        "gopher_duplicate_paragraph_char_ratio": ratio(paragraphs[1], len(text)),
        "gopher_duplicate_line_char_ratio": ratio(lines[1], len(text)),
        "fineweb_line_punct_ratio": ratio(
            sum(r.endswith(tuple(fineweb.TERMINAL_PUNCTUATION)) for r in rows), len(rows)
        ),
        "fineweb_char_dup_ratio": ratio(
            repetition.find_duplicates(rows)[1], len(text.replace("\n", ""))
        ) if rows else None,
    }
    for n in (2, 3, 4):
        grams = repetition.get_n_grams(words, n)
        top = repetition.find_top_duplicate(grams) if grams else 0
        numbers[f"gopher_top_{n}_gram_char_ratio"] = ratio(top, len(text))
    for n in range(5, 11):
        numbers[f"gopher_duplicate_{n}_gram_char_ratio"] = ratio(repetition.find_all_duplicate(words, n), len(text))
    return numbers


DOLMA_NAMES = {
    "word_count": "gopher_word_count",
    "median_word_length": "gopher_median_word_length",
    "symbol_to_word_ratio": "gopher_symbol_word_ratio",
    "fraction_of_words_with_alpha_character": "gopher_alpha_word_ratio",
    "required_word_count": "gopher_stop_word_count",
    "fraction_of_lines_starting_with_bullet_point": "gopher_bullet_line_ratio",
    "fraction_of_lines_ending_with_ellipsis": "gopher_ellipsis_line_ratio",
    "fraction_of_duplicate_lines": "gopher_duplicate_line_ratio",
    "fraction_of_characters_in_duplicate_lines": "gopher_duplicate_line_char_ratio",
    **{f"fraction_of_characters_in_most_common_{n}grams": f"gopher_top_{n}_gram_char_ratio" for n in (2, 3, 4)},
    **{f"fraction_of_characters_in_duplicate_{n}grams": f"gopher_duplicate_{n}_gram_char_ratio" for n in range(5, 11)},
}


def without(text, spans):
    """A text after its spans (in order, line ends included) are cut, as the mixer does with a replacement of ""."""
    out, at = "", 0
    for s in spans:
        out, at = out + text[at : s.start], s.end
    return out + text[at:]


def dolma_rows(documents, _with_splits):
    from dolma.taggers import c4, gopher

    for source in documents:
        text = source["text"]
        spans = gopher.get_attributes(text).as_spans()
        second = {s.type: s.score for s in gopher.get_attributes(text, ignore_empty_lines=True).as_spans()}
        tags = c4.get_attributes(text)
        numbers = {DOLMA_NAMES[s.type]: s.score for s in spans if s.type in DOLMA_NAMES}
        yield {
            "id": source["id"],
            "numbers": numbers,
            "v2_lines": [second[name] for name, ours in DOLMA_NAMES.items() if "_line" in ours],
            "kept_without_unended": digest(without(text, tags.lines_with_no_ending_punctuation)),
            "kept_without_short": digest(without(text, tags.lines_with_too_few_words)),
            "javascript_lorem_curly": [tags.has_javascript, tags.has_lorem_ipsum, tags.has_curly_brace],
        }


def print_marks():
    from datatrove.utils.text import PUNCTUATION_SET, TERMINAL_PUNCTUATION

    for name, marks in (("TERMINAL", TERMINAL_PUNCTUATION), ("PLAIN", PUNCTUATION_SET - TERMINAL_PUNCTUATION)):
        ranges = []
        for cp in sorted(map(ord, marks)):
            if ranges and ranges[-1][1] == cp - 1:
                ranges[-1][1] = cp
            else:
                ranges.append([cp, cp])
        print(name, " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in ranges))


def main(arguments):
    if arguments == ["marks"]:
        return print_marks()
    if len(arguments) != 3 or arguments[0] not in ("datatrove", "dolma"):
        sys.exit(__doc__)
    tool, source, target = arguments
    rows = {"datatrove": datatrove_rows, "dolma": dolma_rows}[tool]
    write(target, rows(read(source), target.endswith(".json")))


main(sys.argv[1:])
