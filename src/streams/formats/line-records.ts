import { isUtf8 } from 'node:buffer';
import { referenceRecord } from '../../kernels/reference/scanner.ts';
import {
  LINE,
  type LongLine,
  type ScanFields,
  type ScanNames,
  type ScannedColumn,
  type ScannedLines,
  scanNames,
} from '../../kernels/scanner.ts';
import type { QuarantinedRecord } from '../batch/outcome.ts';
import { labelOf } from '../batch/position.ts';
import type { PlannedFile } from '../plan/splits.ts';
import { notInEncoding } from './content.ts';
import { excerptOf, type ReadContext, type ReadEvent } from './context.ts';
import { domainSource } from './domain.ts';
import { type KeptColumns, keptColumns, keptMembers } from './kept-columns.ts';
import { isBlank, type LineEvent, type Place } from './lines.ts';
import { estimatedLoss, type Loss } from './loss.ts';
import { Nonsense, seenLines } from './nonsense.ts';

const encoder = new TextEncoder();

/**
 * Turns lines into rows of the builder. A batch that is full leaves at once, so batches and records set aside stay in
 * input order.
 */
export class Records {
  #path: string;
  #file: PlannedFile;
  #context: ReadContext;
  #fields: ScanFields;
  #names: ScanNames | null;
  #domain: Uint8Array;
  #kept: KeptColumns;
  #row = 0;
  /** Unpacked bytes of the records so far. */
  #lineBytes = 0;
  #nonsense = new Nonsense();

  constructor(file: PlannedFile, context: ReadContext) {
    const { options } = context;
    const domain = domainSource(file, options);
    this.#path = file.path;
    this.#file = file;
    this.#kept = keptColumns(options);
    this.#context = context;
    this.#fields = { text: options.textField, id: options.idField, domain: domain.fields };
    this.#names = scanNames(this.#fields);
    this.#domain = encoder.encode(domain.otherwise);
    context.builder.startFile(file.path);
  }

  of(event: LineEvent): readonly ReadEvent[] {
    const out: ReadEvent[] = [];
    switch (event.kind) {
      case 'lines':
        this.#lines(event.bytes, event.place, out);
        break;
      case 'long':
        this.#long(event.line, event.place, out);
        break;
      case 'too_long':
        this.#tooLong(event.place, event.bytes, event.head, out);
        break;
      case 'fault': {
        const { place, bytes, reason, detail, head, lost } = event;
        const loss = lost === undefined ? undefined : estimatedLoss('lines', lost, this.#row, this.#lineBytes);
        this.#aside(place, bytes, reason, detail, head, out, loss);
        break;
      }
      case 'damage':
        this.#damage(event, out);
        break;
    }
    return out;
  }

  /** Call after the last event. */
  end(): readonly ReadEvent[] {
    return seenLines(this.#row, this.#lineBytes);
  }

  #damage({ damage, place, unfinished, head }: Extract<LineEvent, { kind: 'damage' }>, out: ReadEvent[]): void {
    // Damage of the next range only matters to a line of this one that runs into it.
    if (damage.bytes === 0 && !damage.cut && unfinished === 0) return;
    const how = damage.cut ? { cut: damage.cut } : this.#nonsense.loss(damage, this.#row, this.#lineBytes, unfinished);
    this.#aside(place, damage.bytes || unfinished, 'undecodable', damage.detail, head, out, how);
  }

  #lines(bytes: Uint8Array, place: Place, out: ReadEvent[]): void {
    this.#lineBytes += bytes.length;
    const { kernel, options } = this.#context;
    if (this.#names === null) {
      this.#slowly(bytes, place, out);
      return;
    }
    const clean = isUtf8(bytes);
    for (let done = 0; done < bytes.length; ) {
      const rest = done === 0 ? bytes : bytes.subarray(done);
      const scanned = kernel.scanLines(rest, this.#names, options.maxLineBytes);
      this.#rows(scanned, rest, { block: place.block, offset: place.offset + done }, clean, out);
      done += scanned.consumed;
    }
  }

  /** Rows that the kernel read; those that it left, one by one. */
  #rows(scanned: ScannedLines, bytes: Uint8Array, { block, offset }: Place, clean: boolean, out: ReadEvent[]): void {
    const { status, start, end, rows } = scanned;
    for (let row = 0; row < rows; ) {
      const line = bytes.subarray(start[row], end[row]);
      const place = { block, offset: offset + start[row] };
      const regular = (status[row] & (LINE.irregular | LINE.tooLong)) === 0 && (clean || isUtf8(line));
      if (regular) {
        row = this.#run(scanned, row, clean ? rows : row + 1, { block, offset }, out);
        continue;
      }
      if (status[row] & LINE.tooLong) this.#tooLong(place, line.length, line, out);
      else this.#byReference(line, place, out);
      row++;
    }
  }

  /**
   * Pushes regular rows from `from` on, as many as come in a row before `limit`; returns the row after them. `place`:
   * of the chunk.
   */
  #run(scanned: ScannedLines, from: number, limit: number, { block, offset }: Place, out: ReadEvent[]): number {
    this.#nonsense.good();
    const { builder } = this.#context;
    const { status, start, text, metadata, id, domain } = scanned;
    let row = from;
    if (this.#kept !== null) {
      for (; row < limit && (status[row] & (LINE.irregular | LINE.tooLong)) === 0; row++)
        this.#keptRow(scanned, row, { block, offset: offset + start[row] }, out);
      return row;
    }
    while (row < limit && (status[row] & (LINE.irregular | LINE.tooLong)) === 0) {
      const first = row;
      const base = text.offsets[first] + metadata.offsets[first];
      if (builder.closesBefore(text.offsets[first + 1] + metadata.offsets[first + 1] - base, 1))
        out.push(builder.take());
      const want = status[first];
      let closes = false;
      while (row < limit && status[row] === want && !closes) {
        const bytes = text.offsets[row + 1] + metadata.offsets[row + 1] - base;
        if (row > first && builder.closesBefore(bytes, row - first + 1)) break;
        closes = builder.closesAfter(bytes, row - first + 1);
        row++;
      }
      builder.text.pushRows(text.values, text.offsets, first, row);
      builder.metadata.pushRows(metadata.values, metadata.offsets, first, row);
      if (want & LINE.hasDomain) builder.domain.pushRows(domain.values, domain.offsets, first, row);
      else for (let i = first; i < row; i++) builder.domain.push(this.#domain);
      if (want & LINE.hasId) builder.id.pushRows(id.values, id.offsets, first, row);
      else for (let i = first; i < row; i++) builder.id.push(this.#positionId({ block, offset: offset + start[i] }));
      builder.placeRows(block, offset, start, first, row, this.#row);
      this.#row += row - first;
      if (closes) out.push(builder.take());
    }
    return row;
  }

  #positionId({ block, offset }: Place): Uint8Array {
    return encoder.encode(labelOf({ file: this.#path, block, offset }));
  }

  #byReference(line: Uint8Array, place: Place, out: ReadEvent[]): void {
    const record = referenceRecord(line, this.#fields);
    if ('reason' in record) {
      const detail = record.reason === 'invalid_utf8' ? notInEncoding(this.#file) : record.detail;
      this.#aside(place, line.length, record.reason, detail, line, out);
      return;
    }
    const bytesOf = (value: string | null): Uint8Array | null => (value === null ? null : encoder.encode(value));
    const metadata = encoder.encode(record.metadata);
    this.#push(place, encoder.encode(record.text), metadata, bytesOf(record.id), bytesOf(record.domain), out);
  }

  #push(
    place: Place,
    text: Uint8Array,
    allMetadata: Uint8Array,
    id: Uint8Array | null,
    domain: Uint8Array | null,
    out: ReadEvent[],
  ): void {
    this.#nonsense.good();
    const { builder } = this.#context;
    const metadata = keptMembers(allMetadata, this.#kept);
    const bytes = text.length + metadata.length;
    if (builder.closesBefore(bytes, 1)) out.push(builder.take());
    const closes = builder.closesAfter(bytes, 1);
    builder.text.push(text);
    builder.metadata.push(metadata);
    builder.domain.push(domain ?? this.#domain);
    builder.id.push(id ?? this.#positionId(place));
    builder.place(place.block, place.offset, this.#row++);
    if (closes) out.push(builder.take());
  }

  /** A regular row with the fields that are kept. */
  #keptRow({ status, text, metadata, id, domain }: ScannedLines, row: number, place: Place, out: ReadEvent[]): void {
    const of = ({ values, offsets }: ScannedColumn): Uint8Array => values.subarray(offsets[row], offsets[row + 1]);
    const [ownId, ownDomain] = [status[row] & LINE.hasId, status[row] & LINE.hasDomain];
    this.#push(place, of(text), of(metadata), ownId ? of(id) : null, ownDomain ? of(domain) : null, out);
  }

  /** Fields that the kernel cannot look for. */
  #slowly(bytes: Uint8Array, { block, offset }: Place, out: ReadEvent[]): void {
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(10, at);
      const end = newline < 0 ? bytes.length : newline;
      const line = bytes.subarray(at, end);
      if (isBlank(line)) {
        at = end + 1;
        continue;
      }
      const place = { block, offset: offset + at };
      if (line.length > this.#context.options.maxLineBytes) this.#tooLong(place, line.length, line, out);
      else this.#byReference(line, place, out);
      at = end + 1;
    }
  }

  #long(line: LongLine, place: Place, out: ReadEvent[]): void {
    if (isBlank(line.bytes())) return;
    this.#lineBytes += line.length;
    if (this.#names !== null && isUtf8(line.bytes()) && line.isRegular(this.#names))
      this.#run(line.scan(this.#names), 0, 1, place, out);
    else this.#byReference(line.bytes(), place, out);
  }

  #tooLong(place: Place, bytes: number, head: Uint8Array, out: ReadEvent[]): void {
    const { maxLineBytes } = this.#context.options;
    this.#lineBytes += bytes;
    this.#aside(
      place,
      bytes,
      'line_too_long',
      `expected a line of at most ${maxLineBytes} bytes, got ${bytes}`,
      head,
      out,
    );
  }

  #aside(
    { block, offset }: Place,
    bytes: number,
    reason: string,
    detail: string,
    head: Uint8Array,
    out: ReadEvent[],
    loss?: Partial<Loss> & Pick<QuarantinedRecord, 'cut'>,
  ): void {
    this.#nonsense.bad(reason, block, bytes);
    const quarantined: QuarantinedRecord = {
      file: this.#path,
      block,
      offset,
      row: this.#row++,
      bytes,
      reason,
      detail,
      excerpt: excerptOf(head),
      ...loss,
    };
    out.push({ quarantined });
  }
}
