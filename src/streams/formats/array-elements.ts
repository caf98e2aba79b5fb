import type { Unpacked } from '../codecs/piece.ts';
import type { LineEvent, Place } from './lines.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEAD_BYTES = 240;
const isOpen = (b: number): boolean => b === 0x7b || b === 0x5b;
const isClose = (b: number): boolean => b === 0x7d || b === 0x5d;
const isBetween = (b: number): boolean => b === 0x20 || (b >= 0x09 && b <= 0x0d) || b === 0x2c;

/**
 * The elements of JSON arrays, one after the other, each as a line of its own: white space between its members becomes
 * spaces, all else stays. What stands outside of an array is an element too, so that it is said what it is. Holds one
 * element of up to `maxElement` bytes, and nothing of a longer one.
 */
export async function* arrayElements(unpacked: AsyncIterable<Unpacked>, maxElement: number): AsyncGenerator<LineEvent> {
  let buffer = new Uint8Array(16 * 1024);
  let length = 0;
  let place: Place | null = null;
  let depth = 0;
  let inArray = false;
  let string = false;
  let escaped = false;
  let last: Place = { block: 0, offset: 0 };
  const take = (): LineEvent => {
    const at = place!;
    const bytes = length;
    place = null;
    length = depth = 0;
    string = escaped = false;
    const head = buffer.subarray(0, Math.min(bytes, HEAD_BYTES));
    if (bytes > maxElement) return { kind: 'too_long', bytes, head, place: at };
    return { kind: 'lines', bytes: buffer.subarray(0, bytes), place: at };
  };
  const append = (part: Uint8Array): void => {
    const start = length;
    length += part.length;
    if (length > maxElement && start > HEAD_BYTES) return;
    const kept = Math.min(length, Math.max(maxElement, HEAD_BYTES));
    if (kept > buffer.length) {
      const wider = new Uint8Array(Math.max(2 * buffer.length, kept));
      wider.set(buffer.subarray(0, start));
      buffer = wider;
    }
    buffer.set(part.subarray(0, kept - start), start);
  };
  for await (const piece of unpacked) {
    if ('damage' in piece) {
      const { damage } = piece;
      const head = buffer.slice(0, Math.min(length, HEAD_BYTES));
      yield { kind: 'damage', damage, place: place ?? damage, unfinished: length, head };
      return;
    }
    const { bytes, block, offset } = piece;
    let from = 0;
    for (let i = 0; i < bytes.length; i++) {
      const b = bytes[i];
      if (string) {
        if (escaped) escaped = false;
        else if (b === BACKSLASH) escaped = true;
        else if (b === QUOTE) string = false;
        continue;
      }
      if (place === null) {
        if (isBetween(b)) continue;
        if (!inArray && b === 0x5b) {
          inArray = true;
          continue;
        }
        if (inArray && b === 0x5d) {
          inArray = false;
          continue;
        }
        place = { block, offset: offset + i };
        from = i;
      } else if (depth === 0 && (isBetween(b) || isClose(b))) {
        // A number, a literal or a string ends where the next mark begins.
        append(bytes.subarray(from, i));
        yield take();
        if (b === 0x5d) inArray = false;
        continue;
      }
      if (b === QUOTE) string = true;
      else if (isOpen(b)) depth++;
      else if (isClose(b) && --depth <= 0) {
        append(bytes.subarray(from, i + 1));
        yield take();
      } else if (b === 0x0a || b === 0x0d) {
        append(bytes.subarray(from, i));
        append(SPACE);
        from = i + 1;
      }
    }
    if (place !== null) append(bytes.subarray(from));
    last = { block, offset: offset + bytes.length };
  }
  const cut = place !== null && (depth > 0 || string);
  if (cut || inArray) {
    const head = buffer.slice(0, Math.min(length, HEAD_BYTES));
    const detail = 'expected the end of the JSON array, got the end of the file';
    yield { kind: 'fault', reason: 'invalid_json', detail, bytes: length, head, place: place ?? last };
  } else if (place !== null) yield take();
}

const SPACE = Uint8Array.of(0x20);
