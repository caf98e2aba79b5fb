// biome-ignore-all lint/suspicious/noControlCharactersInRegex: what binary files begin with.
/** Packings that are not read, by their first bytes (Latin-1), and what unpacks them. */
const PACKINGS: readonly (readonly [magic: RegExp, name: string, unpack: string])[] = [
  [/^\xfd7zXZ\0/, 'xz', 'xz -dc FILE'],
  [/^BZh[1-9]1AY&SY/, 'bzip2', 'bzip2 -dc FILE'],
  [/^\x04"M\x18|^\x02!L\x18/, 'lz4', 'lz4 -dc FILE'],
  [/^\xff\x06\0\0sNaPpY/, 'snappy', 'python -m snappy -d FILE -'],
  [/^LZIP[\0\x01]/, 'lzip', 'lzip -dc FILE'],
  [/^\x5d\0\0[\0\x80]/, 'lzma', 'xz --format=lzma -dc FILE'],
  [/^\x89LZO\0/, 'lzop', 'lzop -dc FILE'],
  [/^\x1f\x9d/, 'compress (.Z)', 'gzip -dc FILE'],
  [/^x[\x01\x9c\xda]/, 'zlib', 'zlib-flate -uncompress < FILE'],
];

/** Files that are not read, and the way out. */
const OTHERS: readonly (readonly [magic: RegExp, reason: string])[] = [
  [/^PARE/, 'an encrypted Parquet file: write it again without encryption'],
  [/^7z\xbc\xaf'\x1c/, '7z archives are not read: unpack it with 7z x FILE'],
  [/^PK\x03\x04/, 'zip archives are not read: unpack it with unzip FILE'],
  [/^Rar!\x1a\x07/, 'rar archives are not read: unpack it with unrar x FILE'],
  [/^ORC[\0-\x08\x0e-\x1f\x80-\xff]/, 'ORC is not read: write it as Parquet (pyarrow.orc reads it)'],
  [/^Obj\x01/, 'Avro is not read: write it as Parquet or JSON lines (avro-tools tojson FILE)'],
  [/^SQLite format 3\0/, 'an SQLite database: sqlite3 -json FILE "SELECT ..." writes a JSON array'],
  [/^FEA1/, 'version 1 of Feather: write it again as version 2, which is Arrow (pyarrow.feather)'],
  [/^\x93NUMPY/, 'an array of NumPy; holds no documents'],
  [/^\x89HDF\r\n/, 'HDF5 is not read: write it as Parquet'],
  [/^%PDF-/, 'PDF is not read: pdftotext FILE makes a text of it'],
  [/^\x80[\x02-\x05][\x95}\](c]/, 'a pickle of Python: not read, because reading one runs what is in it'],
];

/** Bytes that are looked at. */
const HEAD = 16;

/** Why a file that is no text is not read, by its first bytes; null where they tell nothing. */
export function unreadFormat(head: Uint8Array): string | null {
  const start = Buffer.from(head.subarray(0, HEAD)).toString('latin1');
  const other = OTHERS.find(([magic]) => magic.test(start));
  if (other) return other[1];
  const packing = PACKINGS.find(([magic]) => magic.test(start));
  return packing ? `${packing[1]} is not read: ${packing[2]} | sluice run ... --input -` : null;
}
