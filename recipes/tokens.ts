import { recipe, tokenize, tokens } from 'sluice';

/** Every document as it is, as token ids for trainers. Another tokenizer than bytes: `--tokens tokenizer.json`. */
export default recipe({
  name: 'tokens',
  description: 'Tokenises what it reads, a finished run too: --tokens bytes or a tokenizer.json.',
  steps: [tokenize({ tokenizer: 'bytes' })],
  sinks: [tokens({ tokenizer: 'bytes' })],
});
