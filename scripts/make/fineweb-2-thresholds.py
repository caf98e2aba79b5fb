"""Makes src/operators/rules/fineweb-2-thresholds.ts from the published configuration of FineWeb-2 (Apache-2.0).

    git clone https://github.com/huggingface/fineweb-2
    python scripts/make/fineweb-2-thresholds.py fineweb-2/configs src/operators/rules/fineweb-2-thresholds.ts

Needs pyyaml. Of 1,929 languages those that the shipped language model knows, under its labels.
"""
import sys
import textwrap

import yaml

LABELS = (
    "ar:arb_Arab ca:cat_Latn cs:ces_Latn da:dan_Latn de:deu_Latn el:ell_Grek es:spa_Latn et:ekk_Latn eu:eus_Latn "
    "fa:fas_Arab fi:fin_Latn fr:fra_Latn gd:gla_Latn gl:glg_Latn gu:guj_Gujr gv:glv_Latn hi:hin_Deva hr:hrv_Latn "
    "hu:hun_Latn hy:hye_Armn id:ind_Latn it:ita_Latn ja:jpn_Jpan kab:kab_Latn ko:kor_Hang lv:lvs_Latn mk:mkd_Cyrl "
    "mr:mar_Deva nb:nob_Latn nl:nld_Latn pl:pol_Latn pt:por_Latn ro:ron_Latn ru:rus_Cyrl sr:srp_Cyrl sr-Latn:srp_Latn "
    "sv:swe_Latn sw:swh_Latn ta:tam_Taml te:tel_Telu th:tha_Thai tr:tur_Latn uk:ukr_Cyrl vi:vie_Latn wo:wol_Latn "
    "zh:cmn_Hani zu:zul_Latn"
)


def main(configs, target):
    rows = []
    for pair in LABELS.split():
        label, code = pair.split(":")
        try:
            with open(f"{configs}/{code}.yml", encoding="utf-8") as f:
                c = yaml.safe_load(f)
        except FileNotFoundError:
            print(f"none for {label} ({code})", file=sys.stderr)
            continue
        numbers = [c[k] for k in ("language_score", "dup_line_frac", "line_punct_thr", "new_line_ratio")]
        numbers += [c[k] for k in ("min_avg_word_length", "max_avg_word_length", "max_non_alpha_words_ratio")]
        numbers += [v for k in ("top_n_grams", "dup_n_grams") for _, v in c[k]]
        words = " ".join(w for w in c["stopwords"] if w)
        wrapped = textwrap.indent(textwrap.fill(words, 110), " ")
        rows.append(f"{label} {code} {' '.join(f'{n:g}' for n in numbers)}\n{wrapped}")
    with open(target, "w", encoding="utf-8") as f:
        f.write(HEAD + "\n".join(rows).replace("\\", "\\\\").replace("`", "\\`") + "\n`;\n")


HEAD = """// Made by scripts/make/fineweb-2-thresholds.py from the configuration files of FineWeb-2; do not edit.

/**
 * A language a block. Its first line: label of the language model that ships; name in FineWeb-2; least language score,
 * share of copied lines, share of lines with a terminal mark, line ends a word, least and greatest mean length of
 * words, share of words with a letter; share of characters in the commonest 2- to 4-gram, and in copied 5- to 10-grams. Then,
 * indented, its stop words.
 */
export const FINEWEB_2_BLOCKS = `
"""

if __name__ == "__main__":
    main(*sys.argv[1:])
