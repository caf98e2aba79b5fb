import { ConfigError } from '../../errors.ts';
import { loadTokenizer } from '../../models/tokenizers/load.ts';
import type { TokenLists } from '../../models/tokenizers/tokenizer.ts';
import type { Column } from '../../streams/batch/columns.ts';
import { bitmapBytes } from '../../streams/batch/columns.ts';
import { TOKENS } from '../../streams/batch/token-ids.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { merged } from '../merged-columns.ts';

interface Options {
  readonly tokenizer: string;
  readonly addSpecialTokens: boolean;
  readonly hash: string;
}

/** The stage behind `tokenize()`; loads the tokenizer, once a worker. */
export async function stage(descriptor: StepDescriptor): Promise<Stage> {
  const { tokenizer: source, addSpecialTokens, hash } = descriptor.options as unknown as Options;
  const tokenizer = await loadTokenizer(source, { addSpecialTokens });
  if (tokenizer.hash !== hash)
    throw new ConfigError({
      expected: `the tokenizer with hash ${hash}`,
      got: tokenizer.hash,
      where: source,
      fix: 'It was changed since the run began: put the old one back, or start over with --fresh.',
    });
  return {
    apply(batch) {
      const scope = rowsInScope(batch, descriptor.where).slice();
      const { values, offsets } = batch.utf8('text');
      const lists = tokenizer.encodeBatch(values, offsets.subarray(0, batch.rows + 1), scope);
      const counted = merged(batch, scope, [[TOKENS.name, counts(lists, scope)]]);
      const fresh = new Set([...batch.stale].filter((name) => name !== TOKENS.name));
      const { textVersion } = batch;
      return batch.withColumns(counted).with({
        stale: fresh,
        tokenIds: { tokenizer: hash, textVersion, has: scope, ...lists },
      });
    },
  };
}

/** Number of ids of each row; null out of scope. */
function counts({ offsets }: TokenLists, scope: Uint8Array): Column {
  const values = Int32Array.from(scope, (_, i) => offsets[i + 1] - offsets[i]);
  const valid = new Uint8Array(bitmapBytes(scope.length));
  for (let i = 0; i < scope.length; i++) if (scope[i] === 1) valid[i >> 3] |= 1 << (i & 7);
  return { type: 'int32', values, valid };
}
