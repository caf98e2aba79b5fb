"""Writes src/unicode/tokenizer-tables.ts: what the tokenizers library of Hugging Face takes a code point for, asked of
the library itself, so that ids come out as it makes them. Where tiktoken is there, it is asked too and must agree.

    python scripts/make/tokenizer-tables.py          (needs tokenizers; tiktoken if it is there)
"""

import pathlib
import random
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

ALL = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
CHUNK = 4096
OUT = pathlib.Path(__file__).resolve().parents[2] / "src/unicode/tokenizer-tables.ts"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

try:
    import tiktoken
except ImportError:
    tiktoken = None


def matching(pattern: str) -> set[int]:
    """Code points that a pattern of one code point matches."""
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found = set()
    for i in range(0, len(ALL), CHUNK):
        part = ALL[i : i + CHUNK]
        for _, (start, end) in split.pre_tokenize_str("".join(map(chr, part))):
            found.update(part[start:end])
    if tiktoken is not None:
        bytes_only = {bytes([b]): b for b in range(256)}
        encoding = tiktoken.Encoding("probe", pat_str=pattern, mergeable_ranks=bytes_only, special_tokens={})
        theirs = set()
        for i in range(0, len(ALL), CHUNK):
            ids = encoding.encode_ordinary("".join(map(chr, ALL[i : i + CHUNK])))
            theirs.update(map(ord, bytes(ids).decode()))
        assert theirs == found, f"tiktoken sees {pattern} otherwise: {sorted(theirs ^ found)[:9]}"
    return found


def word_points() -> set[int]:
    """Code points beside which the library does not find an added token that is a single word."""
    vocabulary = {"x": 0, "ab": 1}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.add_tokens([tokenizers.AddedToken("ab", single_word=True, normalized=False)])
    out = set()
    for i in range(0, len(ALL), CHUNK):
        part = ALL[i : i + CHUNK]
        encoded = tokenizer.encode(" ".join("ab" + chr(c) for c in part))
        alone = {start for token, (start, _) in zip(encoded.ids, encoded.offsets) if token == 1}
        out.update(c for k, c in enumerate(part) if 4 * k not in alone)
    return out


def numeric_points() -> set[int]:
    """Code points that `Digits` keeps apart: it asks Rust, which may know a later Unicode than the expressions do."""
    digits = pre_tokenizers.Digits(individual_digits=True)
    out = set()
    for i in range(0, len(ALL), CHUNK):
        part = ALL[i : i + CHUNK]
        pieces = digits.pre_tokenize_str("a" + "a".join(map(chr, part)) + "a")
        out.update(part[start // 2] for piece, (start, end) in pieces if end - start == 1 and start % 2 == 1)
    # Between two that are apart an `a` is alone too.
    return out


# Bits of TOKEN_CLASS in src/unicode/tokenizer-classes.ts.
BITS = {
    1: r"\p{L}",
    2: r"\p{N}",
    4: r"\s",
    8: r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]",
    16: r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]",
}


def base36(n: int) -> str:
    if n < 0:
        return "-" + base36(-n)
    return (base36(n // 36) if n >= 36 else "") + DIGITS[n % 36]


def runs(values: list[int]) -> tuple[list[int], str]:
    palette: list[int] = []
    out = ""
    at = 0
    while at < len(values):
        end = at
        while end < len(values) and values[end] == values[at]:
            end += 1
        if values[at] not in palette:
            palette.append(values[at])
        out += chr(65 + palette.index(values[at])) + base36(end - at)
        at = end
    assert len(palette) <= 26
    return palette, out


def steps(code_points: list[int]) -> str:
    return " ".join(base36(b - a) for a, b in zip([0, *code_points], code_points))


NFC = normalizers.NFC()
NFD = normalizers.NFD()


def hangul(c: int) -> bool:
    return 0xAC00 <= c <= 0xD7A3


def combining_classes() -> dict[int, int]:
    """Those of Unicode that the library heeds: it puts the mark before, or after, one of another class."""
    out = {}
    for c in ALL:
        known = unicodedata.combining(chr(c))
        if known == 0:
            continue
        other = 0x0334 if known > 1 else 0x0345  # Classes 1 and 240.
        pair = chr(c) + chr(other) if known > 1 else chr(other) + chr(c)
        if NFD.normalize_str("q" + pair) != "q" + NFD.normalize_str(pair[1]) + NFD.normalize_str(pair[0]):
            continue
        out[c] = known
    return out


def check(classes: dict[int, int], decomposed: dict[int, str], excluded: set[int]) -> None:
    """Python's own tables, less what the library does not know, give what the library gives."""
    rng = random.Random(1)
    pool = sorted({*classes, *decomposed, *(ord(ch) for t in decomposed.values() for ch in t), *range(0x1100, 0x1200)})
    for _ in range(200_000):
        text = "".join(chr(rng.choice(pool)) for _ in range(rng.randint(1, 6)))
        nfd = "".join(decomposed.get(ord(ch), NFD.normalize_str(ch) if hangul(ord(ch)) else ch) for ch in text)
        ordered = ""
        block: list[str] = []
        for ch in [*nfd, None]:
            if ch is None or ord(ch) not in classes:
                ordered += "".join(sorted(block, key=lambda m: classes[ord(m)]))
                block = []
                ordered += ch or ""
            else:
                block.append(ch)
        assert ordered == NFD.normalize_str(text), [hex(ord(ch)) for ch in text]


def main() -> None:
    values = [0] * 0x110000
    for bit, pattern in BITS.items():
        for c in matching(pattern):
            values[c] |= bit
    for c in word_points():
        values[c] |= 32
    for c in numeric_points():
        values[c] |= 64
    classes = combining_classes()
    decomposed = {c: NFD.normalize_str(chr(c)) for c in ALL if not hangul(c) and NFD.normalize_str(chr(c)) != chr(c)}
    excluded = {c for c in decomposed if NFC.normalize_str(chr(c)) != chr(c)}
    check(classes, decomposed, excluded)
    # What a text in NFC may not have, and what may compose with what stands before it.
    by_full = {decomposed.get(c, chr(c)): c for c in sorted(decomposed, reverse=True) if c not in excluded}
    composed = []
    for c in sorted(set(decomposed) - excluded):
        full = decomposed[c]
        first = full[:-1] if len(full) == 2 else chr(by_full[full[:-1]])
        assert NFC.normalize_str(first + full[-1]) == chr(c), hex(c)
        composed.append((ord(first), ord(full[-1]), c))
    maybe = {second for _, second, _ in composed} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    for c in {*classes, *excluded, *maybe}:
        values[c] |= 128
    palette, packed = runs(values)
    flat = [classes.get(c, 0) for c in range(max(classes) + 2)]
    class_runs = []
    at = 0
    while at < len(flat):
        end = at
        while end < len(flat) and flat[end] == flat[at]:
            end += 1
        class_runs.append(f"{base36(flat[at])}.{base36(end - at)}")
        at = end
    last = 0
    rows = []
    for c in sorted(decomposed):
        row = ".".join([base36(c - last), *(base36(ord(ch)) for ch in decomposed[c])])
        rows.append(row + ("!" if c in excluded else ""))
        last = c

    def lines(name: str, text: str) -> str:
        return f"export const {name} =\n  '{text}';\n"

    OUT.write_text(
        f"""// Made by scripts/make/tokenizer-tables.py from tokenizers {tokenizers.__version__}; do not edit.

/** Values of the class byte (TOKEN_CLASS in tokenizer-classes.ts), named A, B, C ... in TOKEN_CLASS_RUNS. */
export const TOKEN_CLASS_PALETTE: readonly number[] = [{', '.join(map(str, palette))}];

/** Runs of equal class bytes over U+0000 .. U+10FFFF: letter of the palette, base-36 length. */
{lines('TOKEN_CLASS_RUNS', packed)}
/** Runs of equal combining classes from U+0000 on: class, a dot, length, in base 36. */
{lines('COMBINING_RUNS', ' '.join(class_runs))}
/**
 * Canonical decompositions without Hangul, as the library has them: base-36 step to the next code point, then the code
 * points it becomes; `!` where nothing composes to it again.
 */
{lines('NORMAL_DECOMPOSITIONS', ' '.join(rows))}"""
    )
    counts = {"classes": palette, "marks": classes, "decompositions": decomposed, "excluded": excluded}
    print({name: len(of) for name, of in counts.items()})


main()
