import { request } from 'node:http';
import { InputError } from '../../../errors.ts';
import { shellWord } from '../../../safe-text.ts';

/** What a job of Ray runs, and what it takes. */
export interface RayJob {
  /** Chosen by us, so that a submission whose answer was lost is found again and not made twice. */
  readonly submissionId: string;
  readonly command: readonly string[];
  readonly cpus: number;
}

/**
 * Submits a job to Ray's job server. By `node:http`: Ray refuses what sends the headers of a browser, as Node's `fetch`
 * does. Returns false where a job of that name is there already. Errors: InputError.
 * @param address `http://127.0.0.1:8265`
 */
export async function submitRayJob(address: string, job: RayJob): Promise<boolean> {
  if ((await ask(address, 'GET', `/api/jobs/${encodeURIComponent(job.submissionId)}`)).status === 200) return false;
  const answer = await ask(address, 'POST', '/api/jobs/', {
    submission_id: job.submissionId,
    entrypoint: job.command.map(shellWord).join(' '),
    entrypoint_num_cpus: job.cpus,
  });
  if (answer.status === 200) return true;
  throw new InputError({
    expected: 'a job server of Ray that takes the job',
    got: `${answer.status}: ${answer.text.split('\n')[0].slice(0, 200)}`,
    where: address,
    fix: 'Check the address (ray start --head shows it), and the log of its job server.',
  });
}

function ask(address: string, method: 'GET' | 'POST', path: string, body?: object) {
  const text = body && JSON.stringify(body);
  return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const headers = text === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request(new URL(path, address), { method, headers }, (response) => {
      let got = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        got += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: got }));
    });
    sent.on('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new InputError({
          expected: 'a job server of Ray',
          got: cause.message || cause.code || 'no answer',
          where: address,
          fix: 'Give the address that ray start --head shows, for example http://127.0.0.1:8265.',
          cause,
        }),
      ),
    );
    sent.end(text);
  });
}
