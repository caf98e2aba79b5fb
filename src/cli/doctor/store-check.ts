import { bucketPlace } from '../../files/stores/open-store.ts';
import { probeStore, type StoreFinding } from '../../files/stores/probe.ts';
import { shownUrl } from '../../files/stores/url.ts';
import { safeJson } from '../../safe-text.ts';
import { standardOutput, wrapped } from '../terminal/terminal.ts';

const WORDS: Readonly<Record<StoreFinding['promise'], readonly [well: string, badly: string]>> = {
  'create only': ['If-None-Match: an object is put once', 'If-None-Match is ignored: two writers both succeed'],
  'compare and swap': ['If-Match: only the known version is replaced', 'If-Match is ignored: a stale writer succeeds'],
  'complete only': [
    'If-None-Match at the end of an upload in parts',
    'If-None-Match is ignored at the end of an upload in parts; a run does not depend on it',
  ],
  races: ['of six writers at once one wins', 'of six writers at once more than one wins, or none'],
  'list after write': ['a listing has what was put before', 'a listing lacks what was put before'],
  ranges: ['parts of an object', 'other bytes than those that were asked for'],
};

/** `sluice doctor s3://bucket/prefix`: whether runs can commit there. Exit code 1 where they cannot. */
export async function checkStore(url: string, json: boolean): Promise<number> {
  const { store, key } = bucketPlace(url);
  const findings = await probeStore(store, key.replace(/\/+$/, ''));
  const fine = findings.every((f) => f.kept || !f.needed);
  const { out, style, width } = standardOutput();
  if (json) {
    out(safeJson(JSON.stringify({ store: shownUrl(url), ok: fine, findings }, null, 2)));
    return fine ? 0 : 1;
  }
  out(style.bold(shownUrl(url)));
  for (const { promise, kept, needed } of findings) {
    const mark = kept ? style.green('ok') : needed ? style.red('no') : style.yellow('!!');
    const [first, ...rest] = wrapped(WORDS[promise][kept ? 0 : 1], width - 24);
    out(`  ${mark}  ${promise.padEnd(17)} ${first}`);
    for (const line of rest) out(' '.repeat(24) + line);
  }
  out(fine ? 'Runs can write here.' : style.red('Runs refuse to write here: commits need what is missing.'));
  return fine ? 0 : 1;
}
