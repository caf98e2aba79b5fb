import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { operator } from '../operator.ts';
import { thresholdRule } from '../rewrite/threshold-rule.ts';
import { KINDS, type PiiKind } from './scan.ts';

const PROFILE_KINDS = {
  sluice: Object.keys(KINDS) as PiiKind[],
  datatrove: ['email', 'ip'],
  dolma: ['email', 'phone', 'ip'],
} as const;

/** Not asked for unless they are named: a device, and a number of one country. */
const UNASKED = new Set(['mac', 'ssn']);

export const piiOptions = z.strictObject({
  /** `detect`: counts and places. `mask`: tokens in their place. `drop`: documents that have any. */
  action: z.enum(['detect', 'mask', 'drop']).default('mask'),
  /** What is looked for. Default: all of the profile, but `mac` and `ssn`. */
  kinds: z.array(z.string().min(1)).min(1).nullable().default(null),
  profile: z.enum(['sluice', 'datatrove', 'dolma']).default('sluice'),
  /** Documents with more places are dropped. Default: 0 for `drop`, none else; 5 for `dolma` that masks. */
  maxCount: z.int().min(0).nullable().default(null),
  /** `stable`: `<EMAIL_1f3a>`, the same for the same value. `kind`: `<EMAIL>`. Only for the profile `sluice`. */
  tokens: z.enum(['stable', 'kind']).default('stable'),
  /** Of stable tokens: another seed, other tags. */
  seed: z.int().min(0).default(1),
});
export type PiiOptions = z.input<typeof piiOptions>;

/**
 * Personal data in texts: found, masked, or a reason to drop the document. Kinds of the profile `sluice`: `email` (also
 * as `name [at] host [dot] org`, and as `name%40host.org` in addresses), `ipv4` and `ipv6` (public ones), `phone`,
 * `card` (range and Luhn's digit), `iban` (length and check digits), `secret` (keys by their beginnings, private keys,
 * values given to names like `api_key` that look random), `credentials` (user and password in an address), and if they
 * are named `mac` and `ssn`. Numbers of versions, sections, orders and books, dates, coordinates and hashes are left
 * alone. One pass over the bytes, linear in their number whatever they are.
 *
 * Profiles: `datatrove` (0.10) replaces what the expressions of its `PIIFormatter` match with its own two addresses and
 * six IPs, from the first on in each document (there the place in the list depends on the documents before). `dolma`
 * (1.2): spans of its fast regular expressions (ASCII digits), `|||EMAIL_ADDRESS|||` and so on, and documents with more
 * than five dropped.
 *
 * Reads `text`; writes pii_count int32, pii_<kind> int32 for each kind, and pii_spans utf8: `email:10-35 ipv4:50-61`,
 * places in bytes of the text before this step, null where there are none. `mask` writes a new `text`; the cut spans in
 * the ledger have the rules pii_<kind>. No value is written anywhere: excerpts in the ledger are masked too, also of
 * documents in the same batch that a step before dropped; put `pii()` before any barrier. Drops: pii_max_count.
 */
export const pii = operator({
  call: 'pii()',
  name: 'pii',
  stage: 'pii',
  options: piiOptions,
  versions: ['pii@2'],
  effects: (o) => ({
    annotates: true,
    ...(o.action === 'mask' && { rewrites: true }),
    ...(limitOf(o) !== null && { drops: 'thresholds' as const }),
  }),
  describe: (o) => {
    const kinds = kindsOf(o);
    const limit = limitOf(o);
    return {
      options: { ...o, kinds, maxCount: limit },
      reads: ['text'],
      writes: [
        { name: 'pii_count', type: 'int32' },
        ...kinds.map((kind) => ({ name: `pii_${kind}`, type: 'int32' as const })),
        { name: 'pii_spans', type: 'utf8' },
      ],
      rules: limit === null ? [] : [thresholdRule('pii_max_count', 'pii_count', '>', limit, 'max_count')],
    };
  },
});

type Options = z.output<typeof piiOptions>;

function limitOf({ action, profile, maxCount }: Options): number | null {
  if (maxCount !== null || action === 'detect') return maxCount;
  return action === 'drop' ? 0 : profile === 'dolma' ? 5 : null;
}

function kindsOf({ kinds, profile }: Options): readonly string[] {
  const known: readonly string[] = PROFILE_KINDS[profile];
  if (kinds === null) return known.filter((kind) => !UNASKED.has(kind));
  const odd = kinds.find((kind) => !known.includes(kind));
  if (odd === undefined) return known.filter((kind) => kinds.includes(kind));
  throw new ConfigError({ expected: `kinds: ${known.join(', ')}`, got: odd, where: `pii(), profile ${profile}` });
}
