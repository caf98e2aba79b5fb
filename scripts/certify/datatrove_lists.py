"""datatrove's own URL filter on its own lists, which both sides get as files: for datatrove-steps.py and
datatrove-crawl.py. Of its archive of 4.6 million domains every 200th, of its addresses every 20th; its words whole."""
import os
import shutil
import sys
import tarfile

import ahocorasick
import tldextract
from datatrove.pipeline.filters import URLFilter
from datatrove.pipeline.filters.url_filter import parse_list
from datatrove.utils._import_utils import ASSETS_PATH

EVERY = {"domains": 200, "urls": 20}
WORDS = ("banned_words", "soft_banned_words", "banned_subwords")


def write_lists(folder):
    """Its lists as files named as below, and the public suffixes that its tldextract ships; returns their entries."""
    made = {}
    with tarfile.open(os.path.join(ASSETS_PATH, "url_filterblacklistsv0_3_0.tar.gz")) as archive:
        for name, every in EVERY.items():
            lines = archive.extractfile(name).read().decode("utf-8", "replace").split("\n")
            made[name] = [line.strip() for line in lines[::every] if line.strip() and line[0] != "#"]
    for name in WORDS:
        with open(os.path.join(ASSETS_PATH, f"{name}.txt"), encoding="utf-8") as lines:
            made[name] = [line.strip() for line in lines if line.strip()]
    os.makedirs(folder, exist_ok=True)
    for name, rows in made.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write("\n".join(rows) + "\n")
    snapshot = os.path.join(os.path.dirname(tldextract.__file__), ".tld_set_snapshot")
    shutil.copy(snapshot, os.path.join(folder, "suffixes"))
    return made


def url_filter(listed):
    """The filter with these lists in place of all of its own, which are fetched and unpacked at the first document."""
    tool = URLFilter(
        extra_domains=listed["domains"],
        extra_urls=listed["urls"],
        banned_words=listed["banned_words"],
        soft_banned_words=listed["soft_banned_words"],
        use_integrated_lists=False,
    )
    # Without its integrated lists it closes its automaton before subwords can be in it.
    tool.banned_subwords = parse_list(listed["banned_subwords"])
    tool.banned_subwords_automaton = ahocorasick.Automaton()
    for i, word in enumerate(sorted(tool.banned_subwords)):
        tool.banned_subwords_automaton.add_word(word, i)
    tool.banned_subwords_automaton.make_automaton()
    tool.tldextractor = tldextract.TLDExtract(suffix_list_urls=())
    tool.tldextractor("http://a.example/")
    # A pipeline is copied; an automaton is not.
    URLFilter.__deepcopy__ = lambda self, memo: self
    return tool


if __name__ == "__main__":
    write_lists(sys.argv[1])
