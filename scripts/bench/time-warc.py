"""CPU time of FastWARC reading a .warc.gz, alone and with the main content by resiliparse. Run by crawl.ts."""

import sys
import time

try:
    from fastwarc.warc import ArchiveIterator, WarcRecordType
    from resiliparse.extract.html2text import extract_plain_text
except ImportError:
    sys.exit(3)


def read(extract: bool) -> tuple[int, float]:
    before, size = time.process_time(), 0
    with open(sys.argv[1], "rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
            html = record.reader.read()
            size += len(html)
            if extract:
                extract_plain_text(html.decode("utf-8", "replace"), main_content=True)
    return size, time.process_time() - before


read(False)
for extract, name in ((False, "FastWARC, reading alone"), (True, "FastWARC and resiliparse")):
    size, seconds = read(extract)
    print(f"  {name:<25} {size / 1e6 / seconds:.0f} MB/s")
