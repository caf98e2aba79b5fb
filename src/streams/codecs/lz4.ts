const MIN_MATCH = 4;
const FRAME_MAGIC = 0x184d2204;

const damage = (what: string): Error => new Error(`expected an LZ4 ${what}, got damage`);

/**
 * Unpacks one LZ4 block into `out` from `at` on; matches may reach back before `at`. Returns the end of what was
 * written.
 */
export function lz4BlockInto(block: Uint8Array, out: Uint8Array, at: number): number {
  let i = 0;
  const length = (nibble: number): number => {
    let n = nibble;
    if (nibble === 15) {
      for (;;) {
        if (i >= block.length) throw damage('length');
        const b = block[i++];
        n += b;
        if (b !== 255) break;
      }
    }
    return n;
  };
  while (i < block.length) {
    const token = block[i++];
    const literals = length(token >> 4);
    if (i + literals > block.length || at + literals > out.length) throw damage('literal');
    out.set(block.subarray(i, i + literals), at);
    i += literals;
    at += literals;
    if (i >= block.length) break;
    if (i + 2 > block.length) throw damage('offset');
    const back = block[i] | (block[i + 1] << 8);
    i += 2;
    const match = length(token & 15) + MIN_MATCH;
    if (back === 0 || back > at || at + match > out.length) throw damage('match');
    if (back >= match) out.copyWithin(at, at - back, at - back + match);
    else for (let k = 0; k < match; k++) out[at + k] = out[at + k - back];
    at += match;
  }
  return at;
}

/** One LZ4 block of known size, as Parquet's LZ4_RAW has it. */
export function lz4Block(block: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  if (lz4BlockInto(block, out, 0) !== size) throw damage('block');
  return out;
}

/** An LZ4 frame, as Arrow IPC has it. Checksums are not verified. */
export function lz4Frame(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (frame.length < 7 || view.getUint32(0, true) !== FRAME_MAGIC) throw damage('frame');
  const flags = frame[4];
  const hasSize = (flags & 8) !== 0;
  const blockMax = 2 ** (8 + 2 * ((frame[5] >> 4) & 7));
  let at = 6 + (hasSize ? 8 : 0) + (flags & 1 ? 4 : 0) + 1;
  let out = new Uint8Array(hasSize ? Math.min(Number(view.getBigUint64(6, true)), frame.length * 256) : blockMax);
  let end = 0;
  for (;;) {
    if (at + 4 > frame.length) throw damage('block');
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) break;
    const size = word & 0x7fffffff;
    if (at + size > frame.length) throw damage('block');
    const block = frame.subarray(at, at + size);
    at += size + (flags & 16 ? 4 : 0);
    if (end + blockMax > out.length && !hasSize) {
      const wider = new Uint8Array(2 * out.length + blockMax);
      wider.set(out.subarray(0, end));
      out = wider;
    }
    if (word >>> 31) {
      if (end + size > out.length) throw damage('block');
      out.set(block, end);
      end += size;
    } else end = lz4BlockInto(block, out, end);
  }
  return out.subarray(0, end);
}

/**
 * Parquet's old LZ4: blocks behind two big-endian sizes each, as Hadoop writes them; some writers put a bare block
 * there.
 */
export function lz4Hadoop(bytes: Uint8Array, size: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Uint8Array(size);
  let at = 0;
  let end = 0;
  try {
    while (at + 8 <= bytes.length && end < size) {
      const [unpacked, packed] = [view.getUint32(at), view.getUint32(at + 4)];
      if (at + 8 + packed > bytes.length || end + unpacked > size) break;
      if (lz4BlockInto(bytes.subarray(at + 8, at + 8 + packed), out, end) !== end + unpacked) break;
      end += unpacked;
      at += 8 + packed;
    }
    if (end === size && at === bytes.length) return out;
  } catch {
    // Damage, as all that is thrown here: not Hadoop's framing, then.
  }
  return lz4Block(bytes, size);
}
