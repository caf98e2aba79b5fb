import fc from 'fast-check';

/** One way to damage a file; places are shares of its length, so that they shrink well. */
type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'remove' | 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'swap'; readonly at: number; readonly with: number; readonly length: number }
  | { readonly kind: 'splice'; readonly at: number; readonly from: number; readonly length: number };

const share = fc.integer({ min: 0, max: 1_000_000 }).map((n) => n / 1_000_001);
/** Headers and footers are short, and that is where sizes stand. */
const place = fc.oneof(
  share,
  share.map((s) => s / 50),
  share.map((s) => 1 - s / 20),
);
const length = fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 4096 }));

export const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('set' as const), at: place, bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) }),
    fc.record({
      kind: fc.constant('set' as const),
      at: place,
      bytes: fc.constantFrom(...[0, 0x7f, 0x80, 0xff].map((b) => new Uint8Array(4).fill(b))),
    }),
    fc.record({ kind: fc.constant('cut' as const), at: place }),
    fc.record({ kind: fc.constantFrom('remove' as const, 'repeat' as const), at: place, length }),
    fc.record({ kind: fc.constant('swap' as const), at: place, with: place, length }),
    fc.record({ kind: fc.constant('splice' as const), at: place, from: share, length }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** A file after some damage. @param other what is spliced in */
export function damaged(file: Uint8Array, other: Uint8Array, list: readonly Damage[]): Buffer {
  let bytes = Buffer.from(file);
  for (const d of list) {
    if (bytes.length === 0) return bytes;
    const at = Math.floor(d.at * bytes.length);
    switch (d.kind) {
      case 'flip':
        bytes[at] ^= 1 << d.bit;
        break;
      case 'set':
        bytes.set(d.bytes.subarray(0, bytes.length - at), at);
        break;
      case 'cut':
        bytes = bytes.subarray(0, at);
        break;
      case 'remove':
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + d.length)]);
        break;
      case 'repeat':
        bytes = Buffer.concat([bytes.subarray(0, at + d.length), bytes.subarray(at)]);
        break;
      case 'swap': {
        const to = Math.floor(d.with * bytes.length);
        const n = Math.min(d.length, bytes.length - Math.max(at, to));
        const copy = Buffer.from(bytes);
        copy.copy(bytes, at, to, to + n);
        copy.copy(bytes, to, at, at + n);
        break;
      }
      case 'splice': {
        const from = Math.floor(d.from * other.length);
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + d.length), bytes.subarray(at)]);
      }
    }
  }
  return bytes;
}
