import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, syncFolder } from '../../files/whole.ts';
import { requestKey } from './answer-store.ts';
import { type Clock, realClock } from './clock.ts';
import { type Generation, type GenerationRequest, type Generator, GeneratorError } from './generator.ts';
import { type HttpAnswer, type HttpClient, httpClient } from './http-post.ts';
import { addressOf, bodyOf, failureOf, headersOf } from './openai.ts';
import { answerParts, type OpenaiBody } from './openai-answer.ts';
import type { Secret } from './secrets.ts';

export interface BatchOptions {
  /** Address before `/batches` and `/files`. */
  readonly endpoint: string;
  readonly model: string;
  readonly key?: Secret | null;
  /** Where the record of jobs lies, `jobs.jsonl`: the folder of the answers. */
  readonly folder: string;
  /** Requests of a job, at most. Default 10,000. */
  readonly most?: number;
  /** A job is created when nothing was asked for so long. Default 5 s. */
  readonly gatherMs?: number;
  /** Between two looks at a job. Default 30 s. */
  readonly pollMs?: number;
  readonly timeoutSeconds?: number;
  readonly client?: HttpClient;
  readonly clock?: Clock;
}

/** A job as the record has it. */
interface JobRecord {
  readonly job: string;
  readonly keys: readonly string[];
}

interface Batch {
  readonly id: string;
  readonly status: string;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly output_file_id?: string | null;
  readonly error_file_id?: string | null;
}

/** Answers of a job by the key of the request; an error where the job has none. */
type Answers = ReadonlyMap<string, OpenaiBody | GeneratorError>;

interface Waiting {
  readonly key: string;
  readonly request: GenerationRequest;
  readonly resolve: (answers: Answers) => void;
  readonly reject: (error: unknown) => void;
}

/** Names of the metadata of a job at the server. */
const OURS = 'sluice_job';
const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled', 'canceled']);

/**
 * The batch API of OpenAI: requests are gathered into jobs, at half the price and with answers within a day. A job is
 * on disk, under a name made of its requests, before it is created, and carries that name; whenever it is not certain
 * that one was created, the server is asked for one of that name first. So a kill or a lost answer never makes two.
 */
export async function batchGenerator(options: BatchOptions): Promise<Generator> {
  const { model, key = null, folder, most = 10_000, gatherMs = 5_000, pollMs = 30_000, clock = realClock } = options;
  const client = options.client ?? httpClient();
  const path = join(folder, 'jobs.jsonl');
  /** By key of the request: the job that it is part of. */
  const jobOf = new Map<string, JobRecord>();
  const running = new Map<string, Promise<Answers>>();
  let waiting: Waiting[] = [];
  let gathering = 0;
  for (const job of await jobsIn(path)) for (const k of job.keys) jobOf.set(k, job);

  const call = async (
    method: 'GET' | 'POST',
    what: string,
    body?: string | Buffer,
    more: Readonly<Record<string, string>> = {},
  ): Promise<string> => {
    const [plain, query] = what.split('?');
    const url = addressOf(options.endpoint, plain, key);
    if (query) url.search = query;
    const headers = { ...headersOf(key), ...more };
    const timeoutMs = 1000 * (options.timeoutSeconds ?? 120);
    const answer: HttpAnswer = await client.send({
      method,
      url,
      headers,
      body: body ?? null,
      timeoutMs,
      maxBytes: 1e9,
    });
    if (answer.status !== 200) throw failureOf(answer);
    return answer.body;
  };
  const json = async <T>(...args: Parameters<typeof call>): Promise<T> => JSON.parse(await call(...args)) as T;

  /** The batch of a job at the server; null: there is none. */
  const search = async (job: string): Promise<Batch | null> => {
    for (let after = ''; ; ) {
      const page = await json<{ data: readonly Batch[]; has_more?: boolean }>('GET', `batches?limit=100${after}`);
      const found = page.data.find((b) => b.metadata?.[OURS] === job);
      if (found) return found;
      if (!page.has_more || page.data.length === 0) return null;
      after = `&after=${page.data.at(-1)!.id}`;
    }
  };
  const create = async (job: JobRecord, requests: ReadonlyMap<string, GenerationRequest>): Promise<Batch> => {
    const lines = job.keys.map((k) =>
      JSON.stringify({
        custom_id: k,
        method: 'POST',
        url: '/v1/chat/completions',
        body: bodyOf(requests.get(k)!, { model, api: 'chat', stream: false, logprobs: false }),
      }),
    );
    const { body, type } = formOf(`${job.job}.jsonl`, `${lines.join('\n')}\n`);
    const file = await json<{ id: string }>('POST', 'files', body, { 'content-type': type });
    const asked = {
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      metadata: { [OURS]: job.job },
    };
    return json<Batch>('POST', 'batches', JSON.stringify(asked), { 'idempotency-key': job.job });
  };
  const answersOf = async (batch: Batch, job: JobRecord): Promise<Answers> => {
    let now = batch;
    while (!ENDED.has(now.status)) {
      await clock.wait(pollMs);
      now = await json<Batch>('GET', `batches/${batch.id}`);
    }
    const answers = new Map<string, OpenaiBody | GeneratorError>();
    for (const file of [now.output_file_id, now.error_file_id]) {
      if (!file) continue;
      for (const line of (await call('GET', `files/${file}/content`)).split('\n')) {
        const found = resultIn(line);
        // What is not of this job is somebody else's answer.
        if (found && job.keys.includes(found[0]) && !answers.has(found[0])) answers.set(...found);
      }
    }
    for (const k of job.keys)
      if (!answers.has(k))
        answers.set(k, new GeneratorError('overloaded', `a batch job that ${now.status} without it`));
    return answers;
  };
  const once = (job: JobRecord, work: () => Promise<Answers>): Promise<Answers> => {
    const found = running.get(job.job) ?? work();
    running.set(job.job, found);
    // Whoever asked gets the error; who comes next tries again.
    found.catch(() => running.delete(job.job));
    return found;
  };
  /** A job of this process: recorded, then created, unless an answer of the server was lost and it is there. */
  const submit = async (all: readonly Waiting[]): Promise<void> => {
    const requests = new Map(all.map((w) => [w.key, w.request]));
    const keys = [...requests.keys()].sort();
    const job: JobRecord = { job: createHash('sha256').update(keys.join(' ')).digest('hex').slice(0, 24), keys };
    const work = async (): Promise<Answers> => {
      await record(path, job);
      const batch = await create(job, requests).catch(async (error: unknown) => {
        const lost = error instanceof GeneratorError && ['timeout', 'connection', 'overloaded'].includes(error.reason);
        const made = lost ? await search(job.job) : null;
        if (made === null) throw error;
        return made;
      });
      for (const k of keys) jobOf.set(k, job);
      return answersOf(batch, job);
    };
    try {
      const answers = await once(job, work);
      for (const { resolve } of all) resolve(answers);
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  };
  const gather = async (): Promise<void> => {
    const mine = ++gathering;
    if (waiting.length < most) await clock.wait(gatherMs);
    if (mine !== gathering || waiting.length === 0) return;
    const all = waiting;
    waiting = [];
    await submit(all);
  };
  /** Of a job that an earlier start recorded; null: it was never created. */
  const earlier = (job: JobRecord): Promise<Answers | null> =>
    once(job, async () => {
      let batch = await search(job.job);
      if (batch === null) {
        // What was on its way when the process died may still arrive.
        await clock.wait(gatherMs);
        batch = await search(job.job);
      }
      if (batch === null) throw new NeverCreated();
      return answersOf(batch, job);
    }).catch((error: unknown) => {
      if (error instanceof NeverCreated) return null;
      throw error;
    });
  const ask = (k: string, request: GenerationRequest): Promise<Answers> =>
    new Promise((resolve, reject) => {
      waiting.push({ key: k, request, resolve, reject });
      gather().catch(reject);
    });
  return {
    model,
    slots: most,
    async generate(request, { signal, onFirstToken } = {}) {
      signal?.throwIfAborted();
      const k = `${requestKey(model, request)}-${request.maxTokens}`;
      const known = jobOf.get(k);
      const answers = (known && (await earlier(known))) ?? (await ask(k, request));
      // Asked again, it goes into another job.
      jobOf.delete(k);
      const said = answers.get(k)!;
      if (said instanceof GeneratorError) throw said;
      onFirstToken?.();
      const parts = answerParts();
      parts.add(said);
      const generation: Generation = parts.end(request);
      return { ...generation, text: key ? key.hide(generation.text) : generation.text };
    },
    close: async () => client.close(),
  };
}

class NeverCreated extends Error {}

async function jobsIn(path: string): Promise<JobRecord[]> {
  const lines = ((await readIfThere(path)) ?? '').split('\n').slice(0, -1);
  return lines.filter((l) => l !== '').map((l) => JSON.parse(l) as JobRecord);
}

/** Durable before the job is created. */
async function record(path: string, job: JobRecord): Promise<void> {
  const torn = (await readIfThere(path).then((text) => text !== null && text !== '' && !text.endsWith('\n'))) === true;
  const file = await open(path, 'a');
  try {
    // Behind half a line of a process that died begins another.
    await file.appendFile(`${torn ? '\n' : ''}${JSON.stringify(job)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(join(path, '..'));
}

/** A file and its purpose as multipart/form-data. */
function formOf(name: string, text: string): { body: Buffer; type: string } {
  const mark = `sluice-${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  const body = Buffer.from(
    `--${mark}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n` +
      `--${mark}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n` +
      `Content-Type: application/jsonl\r\n\r\n${text}\r\n--${mark}--\r\n`,
  );
  return { body, type: `multipart/form-data; boundary=${mark}` };
}

/** One line of the results of a job. */
function resultIn(line: string): [string, OpenaiBody | GeneratorError] | null {
  if (line.trim() === '') return null;
  try {
    const { custom_id, response, error } = JSON.parse(line) as {
      custom_id: string;
      response?: { status_code: number; body: OpenaiBody } | null;
      error?: { message?: string } | null;
    };
    if (response?.status_code === 200) return [custom_id, response.body];
    if (response)
      return [custom_id, failureOf({ status: response.status_code, headers: {}, body: JSON.stringify(response.body) })];
    return [custom_id, new GeneratorError('overloaded', error?.message ?? 'no answer')];
  } catch {
    // Half a line: whatever it was is missing, and said so.
    return null;
  }
}
