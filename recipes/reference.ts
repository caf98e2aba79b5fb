// A small reference model over bytes: half of the groups of the input are trained on, the other half may be scored with it.
// sluice train-reference reference --input 'corpus/*.jsonl.zst'
import { reference } from 'sluice';

export default reference({
  name: 'reference',
  description: 'A small language model over bytes that scores text for curation.',
  groupBy: 'metadata.group',
  shares: { train: 0.5, heldOut: 0.02 },
  model: { family: 'llama', width: 128, layers: 4, heads: 4, context: 256 },
  training: { tokens: 10_000_000, rows: 8, learningRate: 2e-3 },
});
