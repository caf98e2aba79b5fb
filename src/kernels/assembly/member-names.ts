// Names of the members of one object, so that a second one of the same name is seen.

const MAX_KEYS: u32 = 128;
const fingerprints = memory.data(8 * 128);

/** A number that equal keys share, and different keys hardly ever. */
function fingerprint(p: usize, bytes: usize): u64 {
  let h: u64 = (<u64>bytes + 1) * 0x9e3779b97f4a7c15;
  while (bytes >= 8) {
    h = (h ^ load<u64>(p)) * 0xff51afd7ed558ccd;
    h ^= h >> 32;
    p += 8;
    bytes -= 8;
  }
  if (bytes > 0) {
    h = (h ^ (load<u64>(p) << ((8 - <u64>bytes) << 3))) * 0xff51afd7ed558ccd;
    h ^= h >> 32;
  }
  return h;
}

let nKeys: u32 = 0;

/** A new object. */
export function forget(): void {
  nKeys = 0;
}

/** Notes a member of the metadata; false when there is one of that name, or there are too many. */
export function note(p: usize, end: usize): bool {
  const h = fingerprint(p, end - p);
  if (nKeys == MAX_KEYS) return false;
  for (let i: usize = 0; i < <usize>nKeys; i++) if (load<u64>(fingerprints + (i << 3)) == h) return false;
  store<u64>(fingerprints + (<usize>nKeys << 3), h);
  nKeys++;
  return true;
}
