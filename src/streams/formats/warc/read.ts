import { readGzipMembers } from '../../codecs/gzip-members.ts';
import type { Unpacked } from '../../codecs/piece.ts';
import { unpack } from '../../codecs/unpack.ts';
import type { FileWindow } from '../../codecs/window.ts';
import { loadZstdUnpack } from '../../codecs/zstd-memory.ts';
import type { InputRange, PlannedFile } from '../../plan/splits.ts';
import { excerptOf, type ReadContext, type ReadEvent } from '../context.ts';
import { domainSource } from '../domain.ts';
import { isKept, keptColumns } from '../kept-columns.ts';
import type { Place } from '../lines.ts';
import { estimatedLoss, type Loss } from '../loss.ts';
import { decodePage } from './charset.ts';
import { beginsRecord } from './cut.ts';
import type { RecordEvent } from './cutter.ts';
import type { WarcField } from './fields.ts';
import { charsetOf, type Headers } from './headers.ts';
import { isPage, NOT_A_PAGE, type Payload, payloadOf } from './payload.ts';
import { warcRecords } from './records.ts';

const encoder = new TextEncoder();
/** Room for the headers of a record beside its page. */
const HEADERS_ROOM = 64 * 1024;
const NO_CHARSET = 'expected text in the charset that is told or in a usual one';
/** There is no option: a charset is told by the file, record by record. */
const CHARSET_WAY_OUT =
  'got other bytes; where the charset is known, write it in the Content-Type of HTTP or a meta of the page';

/**
 * Reads the records that start in a range: responses, resources and conversions whose payload is HTML or text become
 * documents of their raw text, in UTF-8. Their id is the record id, what the headers tell is in the metadata. Other
 * records are passed over and counted; what is damaged goes to quarantine, and the next record is looked for.
 */
export async function* readWarc(
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  { options, builder }: ReadContext,
): AsyncGenerator<ReadEvent> {
  const { maxLineBytes } = options;
  const kept = keptColumns(options);
  const domain = domainSource(file, options);
  const passed = new Map<string, number>();
  let [row, documents, seenBytes] = [0, 0, 0];
  builder.startFile(file.path);
  const aside = (
    { block, offset }: Place,
    { reason, detail, bytes }: { readonly reason: string; readonly detail: string; readonly bytes: number },
    head: Uint8Array,
    loss: Partial<Loss> & { readonly cut?: true } = {},
  ): ReadEvent => ({
    quarantined: {
      file: file.path,
      block,
      offset,
      row: row++,
      bytes,
      reason,
      detail,
      excerpt: excerptOf(head),
      ...loss,
    },
  });
  const pass = (kind: string): void => void passed.set(kind, (passed.get(kind) ?? 0) + 1);
  const unzstd = await loadZstdUnpack();
  const atMost = maxLineBytes + HEADERS_ROOM;
  const records = warcRecords(piecesOf(file, range, window, options), range, file.codec, atMost, async (offset) => {
    if (offset >= window.size) return offset === window.size;
    const [next] = await window.peek(offset, 1);
    return next === 13 || next === 10;
  });
  for await (const event of records) {
    if ('fault' in event) {
      yield aside(event.place, { ...event, reason: event.fault }, event.head, lossOf(event, documents, seenBytes));
      continue;
    }
    const { place, headers, content, bytes } = event;
    const payload = payloadOf(headers, content, maxLineBytes, unzstd);
    if ('passed' in payload) {
      pass(payload.passed);
      continue;
    }
    if ('fault' in payload) {
      yield aside(place, { reason: payload.fault, detail: payload.detail, bytes }, content.subarray(0, 240));
      continue;
    }
    const kind = headers.fields.get('warc-type') ?? '';
    if (!isPage(payload.type, payload.body, kind !== 'response')) {
      pass(NOT_A_PAGE);
      continue;
    }
    const url = targetOf(headers);
    const page = decodePage(payload.body, toldCharset(payload, headers), hostOf(url));
    if (page !== null && 'binary' in page) {
      const detail = `expected a page of text, got ${page.binary}`;
      yield aside(place, { reason: 'undecodable', detail, bytes }, payload.body.subarray(0, 240));
      continue;
    }
    if (page === null || page.bytes.length > maxLineBytes) {
      const fault =
        page === null
          ? { reason: 'invalid_charset', detail: NO_CHARSET }
          : { reason: 'line_too_long', detail: `expected a page of at most ${maxLineBytes} bytes` };
      const got = page === null ? CHARSET_WAY_OUT : `got ${page.bytes.length}`;
      yield aside(place, { ...fault, detail: `${fault.detail}, ${got}`, bytes }, payload.body.subarray(0, 240));
      continue;
    }
    const fields: Readonly<Partial<Record<WarcField, string | number>>> = {
      ...(url !== '' && { url }),
      ...of('date', headers.fields.get('warc-date') ?? headers.fields.get('archive-date')),
      warc_type: kind,
      ...of('content_type', payload.type),
      ...of('http_status', payload.status),
      charset: page.charset,
      ...(page.replaced > 0 && { replaced: page.replaced }),
      ...of('digest', headers.fields.get('warc-payload-digest') ?? headers.fields.get('warc-block-digest')),
      ...of('language', headers.fields.get('warc-identified-content-language')),
      ...of('truncated', headers.fields.get('warc-truncated')),
    };
    const metadata = encoder.encode(
      JSON.stringify(Object.fromEntries(Object.entries(fields).filter(([name]) => isKept(kept, name)))),
    );
    const size = page.bytes.length + metadata.length;
    if (builder.closesBefore(size, 1)) yield builder.take();
    const closes = builder.closesAfter(size, 1);
    const own = domain.fields
      .map((f) => fields[f.replace(/^metadata\./, '') as WarcField])
      .find((v) => v !== undefined);
    builder.id.push(
      encoder.encode(headers.fields.get('warc-record-id') ?? `${file.path}#${place.block}.${place.offset}`),
    );
    builder.text.push(page.bytes);
    builder.domain.push(encoder.encode(String(own ?? domain.otherwise)));
    builder.metadata.push(metadata);
    builder.place(place.block, place.offset, row++);
    documents++;
    seenBytes += bytes;
    if (closes) yield builder.take();
  }
  for (const [kind, count] of [...passed].sort()) yield { passed: { kind, records: count } };
  if (documents > 0) yield { seen: { unit: 'lines', documents, bytes: seenBytes } };
}

const of = (name: WarcField, value: string | number | undefined): Partial<Record<WarcField, string | number>> =>
  value === undefined || value === '' ? {} : { [name]: value };

/** What is lost where nothing tells how many records that were. */
const lossOf = (
  event: Extract<RecordEvent, { readonly fault: string }>,
  documents: number,
  bytes: number,
): Partial<Loss> & { readonly cut?: true } => {
  if (event.cut) return { cut: true };
  // A page packs to about a quarter.
  const lost = event.lost ?? (event.packed === undefined ? null : event.packed * 4);
  return lost === null ? {} : estimatedLoss('lines', lost, documents, bytes);
};

function piecesOf(
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  { maxLineBytes, maxRatio }: ReadContext['options'],
): AsyncIterable<Unpacked> {
  const limits = { maxRatio, windowBytes: file.windowBytes };
  if (file.codec !== 'gzip') return unpack(window, file.codec, range.start, limits);
  return readGzipMembers(window, [range.start, range.end], maxLineBytes + HEADERS_ROOM, beginsRecord, limits);
}

/** A URI, in brackets as some writers have it or not; older records have another name for it. */
const targetOf = ({ fields }: Headers): string =>
  (fields.get('warc-target-uri') ?? fields.get('uri') ?? '').replace(/^<(.*)>$/, '$1');

const hostOf = (url: string): string => /^[a-z]+:\/\/(?:[^/?#@]*@)?([^/:?#]+)/i.exec(url)?.[1] ?? '';

/** What HTTP says of the charset, else the record. */
const toldCharset = ({ http }: Extract<Payload, { readonly body: Uint8Array }>, headers: Headers): string | undefined =>
  charsetOf(http === undefined ? headers.fields.get('content-type') : http.fields.get('content-type'));
