// A small reference model over byte pairs: half of the groups of the input are trained on, the other half may be scored
// with it. sluice train-reference reference --input 'corpus/*.jsonl.zst'
import { reference } from 'sluice';

export default reference({
  name: 'reference',
  description: 'A small language model that scores text for curation.',
  groupBy: 'metadata.group',
  shares: { train: 0.5, heldOut: 0.02 },
  model: { family: 'llama', vocabulary: 4096, width: 128, layers: 4, heads: 4, context: 256 },
  training: { tokens: 8_000_000, rows: 4, learningRate: 3e-3 },
});
