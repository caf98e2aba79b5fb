import { ConfigError } from '../../errors.ts';
import { add, concat, mean, multiply, reshape, subtract } from '../../models/graph/ops.ts';
import { logitParts, logSumExp } from '../../models/losses.ts';
import type { Transform } from '../../models/transform.ts';

/**
 * Label smoothing (Szegedy et al. 2016): the loss is (1 - share) x nll + share x the mean nll of all tokens of the
 * vocabulary, as `label_smoothing` of PyTorch.
 *
 * @param share from 0 to 1
 */
export function labelSmoothing(share: number): Transform {
  if (!(share >= 0 && share <= 1))
    throw new ConfigError({ expected: 'a share from 0 to 1', got: `${share}`, where: 'labelSmoothing' });
  return {
    name: 'label_smoothing',
    options: { share },
    build: ({ training }) => ({
      loss(perToken, { hidden, output }) {
        if (!training || share === 0) return perToken;
        const parts = logitParts(hidden, output).map(({ logits }) =>
          reshape(subtract(logSumExp(logits), mean(logits, [1])), [logits.shape[0]]),
        );
        return add(multiply(perToken, 1 - share), multiply(concat(parts, 0), share));
      },
    }),
  };
}
