import {
  annotate,
  codeRules,
  codeStatistics,
  dedup,
  drop,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  parquet,
  recipe,
  tableRules,
  textRules,
  textStatistics,
} from 'sluice';

const prose = { domain: ['prose'] };
const code = { domain: ['code'] };
/** Tables and other data (JSON, source maps, XML), and files of no kind that we know. */
const data = { domain: ['table', 'other'] };

/**
 * Readmes, licences and change logs are short, full of lists, links, badges and code blocks, and good text all the
 * same: only what the paper means by noise is left of its rules.
 */
const manualRules = gopherQualityRules({
  minWords: 20,
  maxWordLength: 15,
  maxHashRatio: 0.3,
  maxBulletLines: null,
  minAlphaWords: 0.4,
  minStopWords: 1,
});

const manualRepetition = gopherRepetitionRules({
  maxDuplicateLines: 0.6,
  maxDuplicateParagraphs: 0.6,
  maxDuplicateLineChars: 0.4,
  maxDuplicateParagraphChars: 0.4,
  maxTop2Gram: 0.3,
  maxTop3Gram: 0.3,
  maxTop4Gram: 0.3,
  maxDuplicate5Gram: 0.7,
  maxDuplicate6Gram: 0.7,
  maxDuplicate7Gram: 0.7,
  maxDuplicate8Gram: 0.7,
  maxDuplicate9Gram: 0.7,
  maxDuplicate10Gram: 0.7,
});

export default recipe({
  name: 'node-modules',
  description:
    'A folder of plain files (node_modules, a source tree): prose, code and data each by rules of their ' +
    'own, copies removed.',
  read: { domainFrom: 'kind', format: 'text' },
  steps: [
    dedup.exact(),
    annotate(gopherQuality(), gopherRepetition(), textStatistics(), { step: 'scores' }),
    annotate(codeStatistics(), { step: 'code_scores', where: code }),
    drop('prose_quality', manualRules, { where: prose }),
    drop('prose_repetition', manualRepetition, { where: prose }),
    drop(
      'text_quality',
      textRules({ maxUpperRatio: 0.8, minWhiteSpace: 0.05, minFunctionWords: null, maxSymbolRatio: 0.2 }),
      { where: prose },
    ),
    drop('code_quality', codeRules(), { where: code }),
    drop('data_quality', tableRules(), { where: data }),
  ],
  sinks: [parquet()],
  expected: { domains: { prose: { max: 0.7 }, code: { max: 0.7 }, table: { max: 0.7 } } },
});
