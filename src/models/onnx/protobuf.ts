/**
 * One message of the protocol buffers wire format, as pieces that are joined once at the end: weights are not copied on
 * the way.
 */
export class Message {
  private readonly pieces: Uint8Array[] = [];
  private length = 0;

  /** Field of wire type 0; negative numbers take ten bytes. */
  integer(field: number, value: number): this {
    return this.push(varint(field * 8), varint(value));
  }

  /** Fields of wire type 0, one for each value. */
  integers(field: number, values: readonly number[]): this {
    for (const v of values) this.integer(field, v);
    return this;
  }

  /** Field of wire type 5. */
  float(field: number, value: number): this {
    return this.push(varint(field * 8 + 5), new Uint8Array(Float32Array.of(value).buffer));
  }

  /** Field of wire type 1. */
  double(field: number, value: number): this {
    return this.push(varint(field * 8 + 1), new Uint8Array(Float64Array.of(value).buffer));
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.push(varint(field * 8 + 2), varint(value.length), value);
  }

  message(field: number, value: Message): this {
    return this.push(varint(field * 8 + 2), varint(value.length), ...value.pieces);
  }

  /** The bytes of the message. */
  encode(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }

  private push(...pieces: readonly Uint8Array[]): this {
    for (const p of pieces) {
      this.pieces.push(p);
      this.length += p.length;
    }
    return this;
  }
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
  return Uint8Array.from(out);
}
