"""Makes src/kernels/html-entities.ts: named character references of HTML that are one code point and no longer in UTF-8
than as they are written. Run: python3 scripts/make/html-entities.py"""

from html.entities import html5, name2codepoint
from pathlib import Path

names = {}
for name, text in html5.items():
    bare = name.rstrip(";")
    if len(text) != 1 or len(text.encode()) > len(bare) + 1 or len(bare) > 8:
        continue
    # HTML 4 has those that pages use; of the others marks alone.
    if bare in name2codepoint or (ord(text) < 128 and bare.islower()):
        names[bare] = (ord(text), bare in html5)
items = " ".join(f"{n}{'!' if legacy else ''}:{c:x}" for n, (c, legacy) in sorted(names.items()))
lines = []
for item in items.split(" "):
    if not lines or len(lines[-1]) + len(item) + 1 > 108:
        lines.append(item)
    else:
        lines[-1] += " " + item
body = "\n".join(f"  '{line} ' +" for line in lines)[:-2].rstrip()
body = body[: body.rfind(" '")] + "'"
Path(__file__).parents[2].joinpath("src/kernels/html-entities.ts").write_text(
    "/**\n * Named character references and their code points in hexadecimal; `!` marks those that need no semicolon.\n"
    " * Made by scripts/make/html-entities.py.\n */\nexport const HTML_ENTITIES =\n" + body + ";\n"
)
