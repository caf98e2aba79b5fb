import { ConfigError } from '../../errors.ts';
import { readLines } from './read-list.ts';

/** Parts of a host, as the public suffix list cuts it. */
export interface HostParts {
  /** The registered name and its suffix; '' for an IP or a host without one. */
  readonly registered: string;
  /** All of it; '' where there is no registered name. */
  readonly host: string;
}

/**
 * How the public suffix list cuts hosts, by the part of it that ICANN has. @param files none: the last label is the
 * suffix, and the last two where the second of two or three letters is under one of two
 */
export function hostCutter(files: readonly string[]): (host: string) => HostParts {
  const rules = new Set<string>();
  for (const line of files.length > 0 ? untilPrivate(readLines(files), files) : []) rules.add(line.split(/\s/)[0]);
  const suffixLabels = (labels: readonly string[]): number => {
    for (let i = 0; i < labels.length; i++) {
      const name = labels.slice(i).join('.');
      if (rules.has(`!${name}`)) return labels.length - i - 1;
      if (rules.has(name) || rules.has(`*.${labels.slice(i + 1).join('.')}`)) return labels.length - i;
    }
    return rules.size > 0 ? 0 : guessed(labels);
  };
  return (host) => {
    if (/^[\d.]+$/.test(host) || host.startsWith('[')) return { registered: '', host: '' };
    const labels = host.split('.');
    const count = suffixLabels(labels.map((label) => label.toLowerCase()));
    if (count === 0 || count >= labels.length) return { registered: '', host: '' };
    return { registered: labels.slice(-count - 1).join('.'), host };
  };
}

const guessed = (labels: readonly string[]): number =>
  labels.length > 2 && labels.at(-1)!.length === 2 && labels.at(-2)!.length <= 3 ? 2 : 1;

/** The list marks its second part by comments, which `readLines` keeps where they begin with `//`. */
function untilPrivate(lines: readonly string[], files: readonly string[]): string[] {
  const end = lines.findIndex((line) => line.includes('===BEGIN PRIVATE DOMAINS==='));
  const own = (end < 0 ? lines : lines.slice(0, end)).filter((line) => !line.startsWith('//'));
  if (own.length > 0) return own;
  throw new ConfigError({ expected: 'the public suffix list', got: 'a list without rules', where: files.join(', ') });
}
