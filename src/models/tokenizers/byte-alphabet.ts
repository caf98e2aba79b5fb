/** The characters that byte-level tokenizers write bytes as: printable ones of Latin-1 as themselves, others follow. */
const CHARACTERS: readonly string[] = (() => {
  const own = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let more = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(own(byte) ? byte : more++));
})();

const BYTES: ReadonlyMap<string, number> = new Map(CHARACTERS.map((character, byte) => [character, byte]));

export const characterOfByte = (byte: number): string => CHARACTERS[byte];

/** Bytes of a token as it stands in a vocabulary; null: it has a character that is no byte. */
export function bytesOfToken(token: string): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTES.get(token[i]);
    if (byte === undefined) return null;
    bytes[i] = byte;
  }
  return bytes;
}
