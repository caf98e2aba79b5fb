import { scoreTask } from './scoring-pool.ts';

/** Worker entry of the model pool. */
export default scoreTask;
