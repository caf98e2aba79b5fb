import { int32Column } from '../../streams/batch/columns.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { urlOf } from '../dedup/url-keys.ts';
import { judge } from '../drop-stage.ts';
import { withVerdict } from '../verdicts.ts';
import { asciiHost, hostOf, plainUrl } from './plain-url.ts';
import { readLines, readUrlLists } from './read-list.ts';
import { hostCutter } from './suffixes.ts';
import { URL_COLUMNS } from './url-columns.ts';

interface Options {
  readonly path: string;
  readonly profile: 'sluice' | 'datatrove';
  readonly domains: readonly string[];
  readonly words: readonly string[];
  readonly softWords: readonly string[];
  readonly subwords: readonly string[];
  readonly publicSuffixes: readonly string[];
}

/** What lists say of an address, one number a column. */
export type JudgeUrl = (url: string) => readonly number[];

const PIECES = /[^a-zA-Z0-9]+/;
const squeezed = (text: string): string => text.replace(/[^a-zA-Z0-9]+/g, '').toLowerCase();

/** Reads the lists; what comes back judges one address after the other. */
export function urlJudge(o: Options): JudgeUrl {
  const lists = readUrlLists(o.domains);
  const norm = (files: readonly string[]): Set<string> => new Set(readLines(files).map(squeezed).filter(Boolean));
  const [words, soft, subwords] = [norm(o.words), norm(o.softWords), [...norm(o.subwords)]];
  const cut = hostCutter(o.publicSuffixes);
  const exact = o.profile === 'datatrove';
  return (url) => {
    const host = exact ? hostOf(url) : asciiHost(hostOf(url));
    const parts = cut(host);
    const inDomains = (name: string): boolean => name !== '' && lists.domains.has(name);
    const above = exact ? false : parents(host).some(inDomains);
    const pieces = new Set((exact ? url : url.toLowerCase()).split(PIECES));
    const flat = squeezed(url);
    const count = (of: ReadonlySet<string>): number => [...pieces].filter((piece) => of.has(piece)).length;
    return [
      inDomains(parts.registered) ? 1 : 0,
      inDomains(parts.host) || above ? 1 : 0,
      (exact ? lists.pages.has(url) : startsListed(url, lists.urls)) ? 1 : 0,
      count(words),
      count(soft),
      subwords.some((word) => flat.includes(word)) ? 1 : 0,
    ];
  };
}

/** A host and the domains that it lies in. */
const parents = (host: string): string[] => host.split('.').map((_, i, labels) => labels.slice(i).join('.'));

/** A listed address is all that lies below it too. */
function startsListed(url: string, urls: ReadonlySet<string>): boolean {
  if (urls.size === 0) return false;
  const lower = plainUrl(url);
  for (let at = lower.indexOf('/'); at >= 0; at = lower.indexOf('/', at + 1))
    if (urls.has(lower.slice(0, at))) return true;
  return urls.has(lower);
}

/** The stage behind `urlFilter()`. */
export function stage(descriptor: StepDescriptor): Stage {
  const options = descriptor.options as unknown as Options;
  const judgeUrl = urlJudge(options);
  return {
    apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const values = URL_COLUMNS.map(() => new Float64Array(batch.rows).fill(Number.NaN));
      for (let row = 0; row < batch.rows; row++) {
        const url = scope[row] === 1 ? urlOf(batch, row, options.path) : null;
        if (url === null || url === '') continue;
        judgeUrl(url).forEach((value, k) => {
          values[k][row] = value;
        });
      }
      const counted = batch.withColumns(URL_COLUMNS.map((name, k) => [name, int32Column(values[k])] as const));
      return withVerdict(counted, judge(counted, descriptor.step, descriptor.rules, scope));
    },
  };
}
