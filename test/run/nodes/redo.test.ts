import { expect, it } from 'vitest';
import { asStoreError, Refused } from '../../../src/files/stores/problems.ts';
import { PassingError } from '../../../src/files/stores/traffic.ts';
import { lostOf } from '../../../src/run/nodes/redo.ts';

const RUN = 's3://bucket/run';
const wanted = {
  what: 'get an object',
  where: `${RUN}/tasks/split-0/00002/attempt-0001/documents/part-000004.parquet`,
};

it('a file that is gone is told with its shard; one of a store that is away is not', () => {
  const gone = lostOf(asStoreError(wanted, new Refused(404, 'NoSuchKey')), RUN);
  expect(String(gone)).toContain(`sluice run ${RUN} --redo 2`);
  const planned = { ...wanted, where: wanted.where.replace('tasks/', 'tasks/00c0ffee1234/') };
  const other = lostOf(asStoreError(planned, new Refused(404, 'NoSuchKey')), RUN);
  expect(String(other)).toContain(`sluice run ${RUN} --redo 2`);
  const away = asStoreError(wanted, new PassingError(500, '500 InternalError'));
  expect(lostOf(away, RUN)).toBe(away);
  expect(String(away)).toContain('Run the same command again later');
});
