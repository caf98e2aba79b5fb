// Goes on with the training of the model that ships, on what the recipe quickstart keeps.
// sluice train continual --input 'folder/*.jsonl' [--replay 'old/*.jsonl']
import { continual, schedules } from 'sluice';
import quickstart from './quickstart.ts';

export default continual({
  name: 'continual',
  description: 'Re-warms a model on curated text, with replay of old text where there is some.',
  steps: [...quickstart.steps],
  expected: quickstart.expected,
  model: 'prose',
  training: {
    tokens: 250_000,
    learningRate: 1e-3,
    schedule: schedules.rewarm({ warmup: 0.05, from: 0.1, final: 0.1 }),
  },
  replay: { share: 0.05 },
});
