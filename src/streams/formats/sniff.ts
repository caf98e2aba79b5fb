import { isUtf8 } from 'node:buffer';
import { encodingOfMark } from '../codecs/encodings.ts';
import { SNIFF_BYTES } from '../codecs/head.ts';
import type { ReadOptions } from '../inputs/read-options.ts';
import type { Codec } from '../plan/splits.ts';
import { dialectOf } from './csv-dialect.ts';
import { CODEC_OF_EXTENSION, extensionsOf } from './extensions.ts';
import type { InputFormat } from './format.ts';
import { arrayIn, looksLikeJsonLines, NOT_OF_OBJECTS, notRecords, recordsIn } from './json-head.ts';
import type { Delimiter, Format } from './names.ts';
import { FORMATS } from './table.ts';
import { unreadFormat } from './unread.ts';

/** What a file is, or why it is passed over. */
export type Sniffed =
  | { readonly format: Format; readonly codec: Codec; readonly warning?: string; readonly delimiter?: Delimiter }
  | { readonly skip: string };

const startsWith = (bytes: Uint8Array, ...magic: number[]): boolean => magic.every((b, i) => bytes[i] === b);
const isText = (head: Uint8Array, ascii: string): boolean => startsWith(head, ...Buffer.from(ascii, 'latin1'));

/** Packing by the first bytes. zstd: a frame, or a skippable frame. */
export function codecByMagic(head: Uint8Array): Codec {
  if (startsWith(head, 0x1f, 0x8b)) return 'gzip';
  if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (head.length >= 4 && (head[0] & 0xf0) === 0x50 && startsWith(head.subarray(1), 0x2a, 0x4d, 0x18)) return 'zstd';
  return 'none';
}

/** NUL, or not UTF-8, in the first bytes; a code point cut at the end of `head` is none of its own fault. */
export function looksBinary(head: Uint8Array): boolean {
  if (head.includes(0)) return true;
  if (isUtf8(head)) return false;
  if (head.length < SNIFF_BYTES) return true;
  for (let cut = 1; cut <= 3; cut++) if (isUtf8(head.subarray(0, head.length - cut))) return false;
  return true;
}

const UTF16 = 'UTF-16 is read with --encoding utf-16, or as iconv -f UTF-16 -t UTF-8 FILE makes it';

/** Why the beginning of a file is no text in UTF-8: UTF-16 without a mark, another encoding, or no text at all. */
function notUtf8(head: Uint8Array): string {
  const zeros = [0, 0];
  let control = 0;
  head.forEach((b, i) => {
    if (b === 0) zeros[i & 1]++;
    else if (b < 0x20 && !(b >= 0x09 && b <= 0x0d) && b !== 0x1b) control++;
  });
  const [even, odd] = zeros;
  const wide = Math.max(even, odd) > head.length / 8 && Math.min(even, odd) < head.length / 100;
  if (wide && control === 0)
    return `UTF-16 without a mark, it seems: --encoding ${odd > even ? 'utf-16le' : 'utf-16be'}`;
  if (even + odd + control > 0) return 'binary';
  return 'not UTF-8; text in another encoding is read with --encoding, for example windows-1252, gbk or shift_jis';
}

/** Files that writers of data leave beside it; the reason to skip one that is found in a folder. */
function besideData(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (['dataset_info.json', 'dataset_infos.json', 'dataset_dict.json', 'state.json'].includes(name))
    return 'describes a data set of Hugging Face datasets; holds no documents';
  if (name === '_metadata' || name === '_common_metadata') return 'an index of Parquet files; holds no documents';
  if (name.endsWith('.crc')) return 'a checksum of Hadoop; holds no documents';
  return name === '_SUCCESS' ? 'the mark of a finished Spark or Hadoop job; holds no documents' : undefined;
}

/** The format that an extension stands for. */
const formatOfExtension = (extension: string): InputFormat | undefined =>
  Object.values(FORMATS).find((f) => f.extensions.includes(extension));

/** Extensions that say no more than that it is text, or a table that is none: records are told by the content. */
const ANY_TEXT = /^(txt|text|log|dat|data|out|bak|old|csv|tsv|tab|c?\d+)$/;

/**
 * What a file is. Magic beats the name, with a warning.
 * @param head its first SNIFF_BYTES bytes. @param unpacked the first bytes of its content: `head` itself when it is not
 *   packed.
 * @param how `named` by the user itself, so an unknown extension is no reason to doubt it; `explicit`: as it is, so
 *   that it is read even if its name says that it lies beside data.
 */
export function sniff(
  path: string,
  head: Uint8Array,
  unpacked: Uint8Array,
  options: ReadOptions,
  { named, explicit }: { readonly named: boolean; readonly explicit: boolean },
): Sniffed {
  const { packing, inner } = extensionsOf(path);
  const codec = codecByMagic(head);
  const byPacking = CODEC_OF_EXTENSION[packing] ?? 'none';
  const byName = formatOfExtension(inner);
  const warning =
    head.length > 0 && byPacking !== codec && (byPacking !== 'none' || byName !== undefined || inner === 'json')
      ? `${path}: named like ${byPacking === 'none' ? 'an uncompressed file' : byPacking}, but its content is ` +
        `${codec === 'none' ? 'uncompressed' : codec}; read as such`
      : undefined;
  const as = (format: Format, more = warning): Sniffed => {
    const { delimiter, warning: told } = format === 'csv' ? dialectOf(path, unpacked) : {};
    const warned = [more, told].filter((w) => w !== undefined).join('; ') || undefined;
    return { format, codec, warning: warned, ...(delimiter !== undefined && { delimiter }) };
  };
  const asked = options.format === 'auto' ? undefined : FORMATS[options.format];
  // A format that is asked for may be known by less than others.
  const extension = asked && !asked.packed ? asked.extensions[0] : inner;
  const beside = asked || explicit ? undefined : besideData(path);
  if (beside !== undefined) return { skip: beside };
  const byMagic = Object.values(FORMATS).find(
    (f) => codec === 'none' && f.magic?.({ bytes: head, unpacked, extension }),
  );
  if (byMagic) {
    if (asked && asked !== byMagic) return { skip: `its content is ${byMagic.name}, but --format is ${asked.name}` };
    return as(byMagic.name, byMagic === byName ? undefined : `${path}: its content is ${byMagic.name}; read as such`);
  }
  if (head.length === 0) return as('text', `${path}: empty file`);
  // A text may begin with the letters of one of these.
  const unread = asked || !looksBinary(head) ? null : unreadFormat(head);
  if (unread) return { skip: unread };
  // With another encoding asked for, what is looked at here is UTF-8 already.
  const mark = encodingOfMark(unpacked);
  if (mark === 'utf-16le' || mark === 'utf-16be') return { skip: UTF16 };
  if (asked) {
    if (asked.magic) return { skip: `not ${asked.name}: its first bytes differ` };
    // A folder of texts has pictures and programs in it; a file named by the user goes to quarantine instead.
    if (asked.name === 'text' && !named && looksBinary(unpacked)) return { skip: notUtf8(unpacked) };
    return as(asked.name);
  }
  // A folder of plain files: what they hold is text, whatever its form.
  const plainFiles = options.domainFrom === 'kind';
  if (isText(unpacked, '\\data\\\n'))
    return { skip: 'an n-gram model in the ARPA format; holds no documents (as a text: --format text)' };
  if (isText(unpacked, 'WARC/')) return as('warc');
  if (inner === 'arc') return { skip: 'ARC is not read: warcio recompress FILE.arc.gz FILE.warc.gz makes WARC of it' };
  if (isText(unpacked.subarray(257), 'ustar') || inner === 'tar' || inner === 'tgz')
    return { skip: 'tar archives are not read: unpack it with tar -xf FILE' };
  if (byName?.magic) return { skip: `named .${inner}, but its content is not ${byName.name}` };
  const array = plainFiles ? null : arrayIn(unpacked);
  const records = plainFiles || !ANY_TEXT.test(inner) ? null : recordsIn(unpacked);
  if (records !== null) return as(records, `${path}: its content is ${records}; read as such`);
  if (array === 'objects' && (inner === 'json' || inner === '' || byName?.name === 'jsonl')) return as('json');
  if (array === 'other' && inner === 'json') return { skip: NOT_OF_OBJECTS };
  if (byName && !(plainFiles && byName.name === 'csv')) return as(byName.name);
  if (looksBinary(unpacked)) return { skip: notUtf8(unpacked) };
  if (inner === 'json' || inner === '') {
    if (looksLikeJsonLines(unpacked)) return as('jsonl');
    const reason = plainFiles ? null : notRecords(unpacked);
    if (reason !== null) return { skip: reason };
  }
  return as('text');
}
