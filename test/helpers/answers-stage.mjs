// A stage that has no answer for some documents until a file exists, as one that asks a service that is not there yet.
import { existsSync } from 'node:fs';

export function answers({ options }) {
  return {
    apply(batch) {
      if (existsSync(options.ready)) return batch;
      const retry = Array.from({ length: batch.rows }, (_, row) =>
        batch.text(row).includes(options.word) ? 'no answer from the service' : null,
      );
      return retry.every((reason) => reason === null) ? batch : batch.with({ retry });
    },
  };
}
