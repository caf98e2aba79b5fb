import {
  annotate,
  dedup,
  drop,
  extract,
  FINEWEB_2_LANGUAGES,
  fineweb,
  fineweb2Rules,
  gopherQuality,
  gopherRepetition,
  language,
  languageRules,
  parquet,
  recipe,
  stopWords,
} from 'sluice';

/**
 * FineWeb-2: Penedo et al. 2025, "FineWeb2: One Pipeline to Scale Them All - Adapting Pre-Training Data Processing to
 * Every Language", with the thresholds of its repository, one set a language: 47 of its 1,929 languages, those that the
 * shipped language model knows. In its order: language, near copies, then repetition, FineWeb's rules and quality of
 * the language. One language: `--set language.keep=de`.
 *
 * What differs: the language model is ours, where FineWeb-2 has GlotLID (`--set language.model=glotlid.bin` runs that,
 * but its labels, `deu_Latn`, are others than those of the steps here); near copies are looked for in all languages at
 * once, verified, and the first stays; words are ours, not those of a tokenizer for each language, so of Japanese, Thai
 * and Chinese nothing that counts words is judged. Encodings are not mended, and bars of tables stay.
 */
const profile = 'datatrove';
const spoken = { column: 'language', is: [...FINEWEB_2_LANGUAGES] };

export default recipe({
  name: 'fineweb-2',
  description: 'The rules of FineWeb-2, each language by its own thresholds; documents in English go.',
  steps: [
    extract({ mode: 'precise' }),
    annotate(language({ keep: [...FINEWEB_2_LANGUAGES] }), { step: 'language' }),
    drop('other_language', languageRules({ minScore: 0 })),
    dedup.minhash(),
    annotate(gopherRepetition({ profile }), fineweb({ profile }), gopherQuality({ profile }), stopWords(), {
      step: 'scores',
      where: spoken,
    }),
    ...FINEWEB_2_LANGUAGES.map((label) =>
      drop(`fineweb_2_${label.toLowerCase().replace('-', '_')}`, fineweb2Rules(label), {
        where: { column: 'language', is: [label] },
      }),
    ),
  ],
  sinks: [parquet()],
  // Of a crawl most goes, and of an English one all.
  expected: { all: { max: 1 }, rules: { language_min_score: { max: 1 } } },
});
