"""Runs the URL filter of datatrove on made addresses and writes down its reasons.

    python -m venv oracle && oracle/bin/pip install "datatrove==0.10.*" regex nltk tldextract pyahocorasick fasteners
    oracle/bin/python scripts/make/url-oracle.py test/fixtures/lists/datatrove.json

Hosts are of com, org, co.uk and ck, which test/fixtures/lists/suffixes cuts as the public suffix list does.
"""
import json
import random
import sys
import types

from tldextract import TLDExtract

from datatrove.pipeline.filters.url_filter import URLFilter

LISTS = {
    "domains": ["bad.com", "ads.fine.org", "worse.co.uk", "x.y.ck", "www.ck", "https://fine.org/page"],
    "words": ["wheel", "mill"],
    "soft": ["page", "shop", "free"],
    "subwords": ["badbad", "race1"],
}
tool = URLFilter(
    extra_domains=[d for d in LISTS["domains"] if "/" not in d],
    extra_urls=[d for d in LISTS["domains"] if "/" in d],
    banned_words=LISTS["words"],
    soft_banned_words=LISTS["soft"],
    banned_subwords=LISTS["subwords"],
    use_integrated_lists=False,
)
for i, word in enumerate(sorted(tool.banned_subwords)):
    tool.banned_subwords_automaton.add_word(word, i)
tool.banned_subwords_automaton.make_automaton()
tool.tldextractor = TLDExtract(suffix_list_urls=())

seed = random.Random(9)
HOSTS = [
    "bad.com", "www.bad.com", "BAD.com", "a.b.bad.com", "ads.fine.org", "more.ads.fine.org", "fine.org", "worse.co.uk",
    "a.worse.co.uk", "co.uk", "x.y.ck", "a.x.y.ck", "www.ck", "a.www.ck",
    "93.184.216.34", "good.org", "good.com.", "mill.org",
]
PATHS = ["", "/", "/page", "/page/", "/the-wheel", "/WHEEL", "/wheels", "/shop/free", "/shop?free=page"]
PATHS += ["/badb-ad", "/race-1"]
urls = ["https://fine.org/page", "fine.org/page", "//bad.com/x", "bad.com/x", "https://", "x", "ftp://bad.com:21/"]
for _ in range(250):
    user = seed.choice(["", "", "", "user:pw@", "mill@"])
    port = seed.choice(["", "", ":8080"])
    scheme, host = seed.choice(["https", "http"]), seed.choice(HOSTS)
    urls.append(f"{scheme}://{user}{host}{port}{seed.choice(PATHS)}{seed.choice(PATHS)}")

rows = []
for url in urls:
    said = tool.filter(types.SimpleNamespace(metadata={"url": url}))
    rows.append([url, None if said is True else said[1]])
with open(sys.argv[1], "w", encoding="utf-8") as f:
    f.write(json.dumps({"lists": LISTS}, separators=(",", ":"))[:-1] + ',"rows":[\n')
    f.write(",\n".join(json.dumps(row) for row in rows) + "\n]}\n")
