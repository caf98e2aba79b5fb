import { gzipSync } from 'node:zlib';

/** What one record of a made WARC file is. */
export interface MadeRecord {
  readonly type?: string;
  readonly url?: string;
  readonly id?: string;
  readonly contentType?: string;
  /** Bytes of the content; for a response with the header of HTTP. */
  readonly content: Uint8Array | string;
  /** Told in place of the length of the content. */
  readonly length?: number | string;
  /** Further fields. */
  readonly fields?: Readonly<Record<string, string>>;
}

const bytesOf = (value: Uint8Array | string): Buffer => Buffer.from(value as string);

/** One record, as crawlers write it. */
export function warcRecord(record: MadeRecord): Buffer {
  const {
    type = 'response',
    url = 'http://mill.example/',
    id = '1',
    contentType,
    content,
    length,
    fields = {},
  } = record;
  const body = bytesOf(content);
  const lines = {
    'WARC-Type': type,
    'WARC-Date': '2024-05-06T07:08:09Z',
    'WARC-Record-ID': `<urn:uuid:${id}>`,
    'WARC-Target-URI': url,
    'Content-Type': contentType ?? (type === 'response' ? 'application/http; msgtype=response' : 'text/plain'),
    ...fields,
    'Content-Length': String(length ?? body.length),
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`WARC/1.0\r\n${head.join('')}\r\n`), body, Buffer.from('\r\n\r\n')]);
}

/** The content of a response. */
export function http(
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>> = { 'Content-Type': 'text/html; charset=utf-8' },
  status = '200 OK',
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`), bytesOf(body)]);
}

/** A page in a response. */
export const page = (text: string, more: Partial<MadeRecord> = {}): MadeRecord => ({
  content: http(`<!DOCTYPE html><html><body><p>${text}</p></body></html>`),
  ...more,
});

/** A gzip member for each record. */
export const gzipMembers = (records: readonly Uint8Array[]): Buffer => Buffer.concat(records.map((r) => gzipSync(r)));
