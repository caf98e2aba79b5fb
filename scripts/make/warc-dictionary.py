"""Writes test/fixtures/warc/dictionary.warc.zst and plain-dictionary.warc.zst as Archive Team writes `.warc.zst`: a
skippable frame (0x184D2A5D) with the dictionary, packed with zstd or not, then a frame for each record that was made
with it. Our own prose, the same bytes at each run. Needs zstandard (0.25.0 made those in the repository).

  python scripts/make/warc-dictionary.py test/fixtures/warc
"""
import random
import struct
import sys
from pathlib import Path

import zstandard

THINGS = "the lock,the old gate,a barge,the weir,our neighbour,the ferry,a grey heron,the towpath,the keeper".split(",")
DEEDS = "waits below,passes,was painted beside,opens for,is older than,lies behind,looks after,never saw".split(",")


def page(number):
    random_ = random.Random(number)
    sentences = [
        f"{random_.choice(THINGS)} {random_.choice(DEEDS)} {random_.choice(THINGS)}.".capitalize()
        for _ in range(random_.randint(4, 12))
    ]
    return (
        f"<!DOCTYPE html><html><head><title>Canal page {number}</title></head>"
        f"<body><h1>Canal page {number}</h1><p>{' '.join(sentences)}</p></body></html>"
    )


def record(number):
    body = page(number).encode()
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012d}>\r\n"
        f"WARC-Date: 2026-03-01T00:00:{number % 60:02d}Z\r\nWARC-Target-URI: https://canal.example/{number}\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    ).encode()
    return head + http + b"\r\n\r\n"


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
dictionary = zstandard.train_dictionary(4096, [record(1000 + i) for i in range(400)], dict_id=184208)
packer = zstandard.ZstdCompressor(level=9, dict_data=dictionary)
frames = b"".join(packer.compress(record(i)) for i in range(40))
for name, content in (
    ("dictionary.warc.zst", zstandard.ZstdCompressor(level=19).compress(dictionary.as_bytes())),
    ("plain-dictionary.warc.zst", dictionary.as_bytes()),
):
    (folder / name).write_bytes(struct.pack("<II", 0x184D2A5D, len(content)) + content + frames)
