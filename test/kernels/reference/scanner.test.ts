import { describe, expect, it } from 'vitest';
import { referenceRecord, type ScanFields } from '../../../src/kernels/reference/scanner.ts';

const FIELDS: ScanFields = { text: 'text', id: 'id', domain: ['domain', 'metadata.domain'] };

describe('referenceRecord', () => {
  const read = (line: string, fields = FIELDS): unknown => referenceRecord(Buffer.from(line), fields);
  it('lets the last of duplicate keys win, in the metadata too', () => {
    expect(read('{"text":"a","x":1,"metadata":{"y":1,"x":2},"text":"b","x":3}')).toEqual({
      text: 'b',
      id: null,
      domain: null,
      metadata: '{"y":1,"x":3}',
    });
  });
  it('reaches into objects, cuts the text out of them, and prefers a whole name', () => {
    const fields: ScanFields = { text: 'content.body', id: 'meta.uid', domain: ['meta.kind'] };
    expect(read('{"content": {"body": "t", "lang": "en"}, "meta": {"uid": 7.0, "kind": "k"}}', fields)).toEqual({
      text: 't',
      id: '7.0',
      domain: 'k',
      metadata: '{"content": {"lang": "en"},"meta": {"uid": 7.0, "kind": "k"}}',
    });
    expect(read('{"content.body": "whole", "content": {"body": "t"}}', fields)).toMatchObject({
      text: 'whole',
      metadata: '{"content": {"body": "t"}}',
    });
    expect(
      read('{"metadata": {"text": "t", "a": 1}, "b": 2}', { text: 'metadata.text', id: 'id', domain: [] }),
    ).toMatchObject({ text: 't', metadata: '{"a": 1,"b": 2}' });
  });
  it('takes numbers and truth values as domains, and passes over what is none', () => {
    expect(read('{"text":"","domain":3}')).toMatchObject({ domain: '3', metadata: '{}' });
    expect(read('{"text":"","domain":{"a":1},"metadata":{"domain":"m"}}')).toMatchObject({
      domain: 'm',
      metadata: '{"domain":{"a":1}}',
    });
  });
  it.each([
    ['invalid_json', 'nothing'],
    ['wrong_type', '[1]'],
    ['wrong_type', '{"text":{}}'],
    ['missing_text', '{"text":null}'],
    ['lone_surrogate', '{"text":"a","k":{"\\udc00":1}}'],
    ['nested_too_deep', '['.repeat(100_000)],
  ])('refuses with %s', (reason, line) => {
    expect(read(line)).toMatchObject({ reason });
  });
});
