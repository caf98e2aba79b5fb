/** Bytes of the n-grams that the language model looks at. */
export const GRAM_BYTES = [3, 4, 6] as const;

/** Knuth's multiplicative hash for each length, so that n-grams of two lengths share no slot by their bytes alone. */
const FACTORS = [0x9e3779b97f4a7c15n, 0xc2b2ae3d27d4eb4fn, 0xd6e8feb86659fd93n] as const;

/**
 * A text as the model reads it: A-Z in lower case, every run of other ASCII than letters one space, a space at both
 * ends; bytes beyond ASCII as they are.
 */
export function plainBytes(text: Uint8Array): Uint8Array {
  const out: number[] = [32];
  for (const b of text) {
    const lower = b >= 65 && b <= 90 ? b + 32 : b;
    const letter = lower >= 128 || (lower >= 97 && lower <= 122);
    if (letter) out.push(lower);
    else if (out.at(-1) !== 32) out.push(32);
  }
  if (out.at(-1) !== 32) out.push(32);
  return Uint8Array.from(out);
}

/**
 * Slots of the n-grams of a text, in order: at every code point those of 3, 4 and 6 bytes that end within the text.
 * @param bits 2 to this power are the slots
 */
export function languageSlots(text: Uint8Array, bits: number): number[] {
  const plain = plainBytes(text);
  const slots: number[] = [];
  for (let i = 0; i < plain.length; i++) {
    if ((plain[i] & 0xc0) === 0x80) continue;
    GRAM_BYTES.forEach((bytes, k) => {
      if (i + bytes > plain.length) return;
      let value = 0n;
      for (let j = bytes - 1; j >= 0; j--) value = (value << 8n) | BigInt(plain[i + j]);
      slots.push(Number(BigInt.asUintN(64, value * FACTORS[k]) >> BigInt(64 - bits)));
    });
  }
  return slots;
}

/** Sums of the weights of a text's n-grams for each label, and how many n-grams it has. */
export function referenceLanguage(
  text: Uint8Array,
  { bits, labels, weights }: { readonly bits: number; readonly labels: number; readonly weights: Int8Array },
): { readonly sums: Int32Array; readonly count: number } {
  const sums = new Int32Array(labels);
  const slots = languageSlots(text, bits);
  for (const slot of slots) for (let l = 0; l < labels; l++) sums[l] += weights[slot * labels + l];
  return { sums, count: slots.length };
}
