import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { operator } from '../operator.ts';
import { thresholdRule } from '../rewrite/threshold-rule.ts';
import { checkLists, listsHash } from './read-list.ts';
import { URL_COLUMNS } from './url-columns.ts';

const lists = z.array(z.string().min(1)).default([]);

export const urlFilterOptions = z.strictObject({
  /** Dotted path of the address in the metadata, or a utf8 column. */
  path: z.string().min(1).default('url'),
  profile: z.enum(['sluice', 'datatrove']).default('sluice'),
  /** Lists of domains and addresses: files, folders in the layout of UT1, or `asset:NAME`. */
  domains: lists,
  /** Lists of words: one piece of the address that is one of them is enough. */
  words: lists,
  /** Lists of words of which an address may have one. */
  softWords: lists,
  /** Lists of strings that stand nowhere in the letters and digits of an address. */
  subwords: lists,
  /** The public suffix list; needed for the profile `datatrove` where there are domains. */
  publicSuffixes: lists,
  /** Different soft words that are too many. */
  softThreshold: z.int().min(1).default(2),
});
export type UrlFilterOptions = z.input<typeof urlFilterOptions>;

/** The reason strings of datatrove 0.10, and ours. */
const NAMES = {
  sluice: ['url_domain', 'url_host', 'url_page', 'url_hard_word', 'url_soft_words', 'url_subword'],
  datatrove: ['domain', 'subdomain', 'url', 'hard_blacklisted', 'soft_blacklisted', 'blacklisted_subword'],
} as const;

/**
 * Drops documents by their address: lists of domains and pages, words in the address (RefinedWeb: Penedo et al. 2023,
 * appendix G.1; FineWeb). Lists are files that you have: one entry a line, hosts files, domain rules of ad blockers,
 * folders of UT1; or assets (`asset:NAME`, see `sluice assets`). They are part of the recipe by their hash.
 *
 * Reads the address in the metadata. Writes, null without an address: url_listed_domain (the registered name is
 * listed), url_listed_host, url_listed_page int32 0 or 1; url_hard_words, url_soft_words int32, different words;
 * url_subwords int32 0 or 1. Drops in this order: url_domain, url_host, url_page, url_hard_word, url_soft_words,
 * url_subword.
 *
 * Profiles: `sluice` minds no case, finds a host in every listed domain that it lies in, and pages below a listed one;
 * hosts are compared in Punycode, without the ports 80 and 443.
 * `datatrove` has the rules of its `URLFilter` with its reason strings: the registered domain by the public suffix
 * list, the whole host, the very address; pieces of the address with their case against lists in lower case, so that
 * `/PORN` passes. Errors: ConfigError without lists, for a list or an asset that is not there, and for one
 * without entries.
 */
export const urlFilter = operator({
  call: 'urlFilter()',
  name: 'url_filter',
  stage: 'url-filter',
  options: urlFilterOptions,
  versions: ['url_filter@1'],
  effects: { annotates: true, drops: 'thresholds' },
  describe: (o) => {
    const words = [o.words, o.softWords, o.subwords];
    if ([o.domains, ...words].every((files) => files.length === 0))
      throw new ConfigError({
        expected: 'a list in domains, words, softWords or subwords',
        got: 'none',
        where: 'urlFilter()',
        fix: "Name one, as urlFilter({ domains: ['blocked.txt'] }).",
      });
    if (o.profile === 'datatrove' && o.domains.length > 0 && o.publicSuffixes.length === 0)
      throw new ConfigError({
        expected: 'the public suffix list, by which the profile datatrove cuts hosts',
        got: 'none',
        where: 'urlFilter(), publicSuffixes',
        fix:
          'sluice assets add public-suffix-list FILE --licence MPL-2.0, then publicSuffixes: ' +
          "['asset:public-suffix-list'].",
      });
    const names = NAMES[o.profile];
    const options = ['listed_domain', 'listed_host', 'listed_page', 'hard_words', 'soft_threshold', 'subwords'];
    checkLists(o.domains);
    for (const files of words) checkLists(files, (line) => /[a-z0-9]/i.test(line));
    const hash = listsHash(o.domains, o.words, o.softWords, o.subwords, o.publicSuffixes);
    return {
      options: { ...o, hash },
      places: ['domains', 'words', 'softWords', 'subwords', 'publicSuffixes'],
      reads: ['metadata'],
      writes: URL_COLUMNS.map((name) => ({ name, type: 'int32' as const })),
      rules: URL_COLUMNS.map((column, k) =>
        thresholdRule(names[k], column, '>=', k === 4 ? o.softThreshold : 1, options[k]),
      ),
    };
  },
});
