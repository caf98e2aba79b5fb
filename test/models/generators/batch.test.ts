import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { batchGenerator } from '../../../src/models/generators/batch.ts';
import type { Clock } from '../../../src/models/generators/clock.ts';
import type { GenerationRequest } from '../../../src/models/generators/generator.ts';
import { type HttpClient, httpClient } from '../../../src/models/generators/http-post.ts';
import { generator as randomOf } from '../../helpers/corpus.ts';
import { generationRequest } from '../../helpers/generation-request.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const asked = (content: string, more: Partial<GenerationRequest> = {}): GenerationRequest =>
  generationRequest(content, { maxTokens: 50, ...more });

interface Line {
  readonly custom_id: string;
  readonly body: { readonly messages: readonly { readonly content: string }[] };
}

/** A server with the batch API; a job is done at the second look. */
async function serve(answer: (line: Line) => object | null = (l) => ok(l)) {
  const files = new Map<string, string>();
  const batches: { id: string; status: string; metadata: object; input: string; output_file_id?: string }[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (p: Buffer) => pieces.push(p));
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString('utf8');
      const path = request.url!.replace('/v1/', '');
      const send = (value: unknown): void => void response.end(JSON.stringify(value));
      if (path === 'files') {
        const id = `file-${files.size}`;
        files.set(id, /\r\n\r\n(\{[\s\S]*\})\n\r\n--/.exec(body)![1]);
        return send({ id });
      }
      if (request.method === 'POST') {
        const { input_file_id: input, metadata } = JSON.parse(body) as { input_file_id: string; metadata: object };
        const made = { id: `batch-${batches.length}`, status: 'validating', metadata, input };
        batches.push(made);
        return send(made);
      }
      if (path.startsWith('batches?')) {
        const after = /after=batch-(\d+)/.exec(path);
        const from = after ? Number(after[1]) + 1 : 0;
        return send({ data: batches.slice(from, from + 2), has_more: from + 2 < batches.length });
      }
      if (path.startsWith('batches/')) {
        const found = batches.find((b) => path.endsWith(b.id))!;
        const lines = files.get(found.input)!.split('\n');
        files.set(`out-${found.id}`, lines.map((l) => JSON.stringify(answer(JSON.parse(l) as Line))).join('\n'));
        found.status = 'completed';
        found.output_file_id = `out-${found.id}`;
        return send(found);
      }
      response.end(files.get(/files\/(.*)\/content/.exec(path)![1]));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { endpoint: `http://127.0.0.1:${port}/v1`, batches };
}

const ok = ({ custom_id, body }: Line): object => ({
  custom_id,
  response: {
    status_code: 200,
    body: {
      id: 'x',
      choices: [{ message: { content: `answer to ${body.messages[0].content}` }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 4 },
    },
  },
});

/** Waits of a turn of the event loop. */
const clock: Clock = {
  now: () => performance.now(),
  wait: () => new Promise((go) => setImmediate(go)),
};

const open = async (endpoint: string, folder: string, client?: HttpClient) => {
  const generator = await batchGenerator({ endpoint, model: 'm', folder, clock, client });
  closing.push(() => generator.close());
  return generator;
};

const folderOf = (): string => mkdtempSync(join(tmpdir(), 'sluice-batch-'));

describe('a batch API', () => {
  it('gathers requests into one job, and gives each its own answer', async () => {
    const { endpoint, batches } = await serve();
    const generator = await open(endpoint, folderOf());
    const answers = await Promise.all(['a', 'b', 'c'].map((q) => generator.generate(asked(q))));
    expect(answers.map((a) => a.text)).toEqual(['answer to a', 'answer to b', 'answer to c']);
    expect(answers[0].usage).toEqual({ promptTokens: 3, tokens: 4 });
    expect(batches.length).toBe(1);
  });

  it('says which request failed, and asks for it in another job', async () => {
    let times = 0;
    const { endpoint, batches } = await serve((line) =>
      line.body.messages[0].content === 'b' && times++ === 0
        ? { custom_id: line.custom_id, response: { status_code: 500, body: {} } }
        : ok(line),
    );
    const generator = await open(endpoint, folderOf());
    const [a, b] = await Promise.allSettled(['a', 'b'].map((q) => generator.generate(asked(q))));
    expect([a.status, b.status]).toEqual(['fulfilled', 'rejected']);
    expect((await generator.generate(asked('b'))).text).toBe('answer to b');
    expect(batches.length).toBe(2);
  });

  it('takes no answer of another request for its own', async () => {
    const { endpoint } = await serve((line) => ({ ...ok(line), custom_id: 'somebody-else' }));
    const generator = await open(endpoint, folderOf());
    await expect(generator.generate(asked('a'))).rejects.toMatchObject({ reason: 'overloaded' });
  });

  it('never makes two jobs of the same requests, wherever a process ends around the creation: 50 times', async () => {
    const random = randomOf(11);
    const { endpoint, batches } = await serve();
    for (let trial = 0; trial < 50; trial++) {
      const folder = folderOf();
      const questions = ['a', 'b', 'c'].map((q) => `${q} of ${trial}`);
      // The process ends at the n-th call, before it is sent or before its answer comes.
      const last = Math.floor(random() * 4);
      const before = random() < 0.5;
      let calls = 0;
      const real = httpClient();
      const ended = new Promise<never>(() => {});
      let over = (): void => {};
      const died = new Promise<void>((go) => {
        over = go;
      });
      const dying: HttpClient = {
        async send(call) {
          const n = calls++;
          if (n < last) return real.send(call);
          if (n === last && !before) await real.send(call);
          if (n >= last) over();
          return ended;
        },
        close: () => real.close(),
      };
      const first = await open(endpoint, folder, dying);
      const left = Promise.allSettled(questions.map((q) => first.generate(asked(q))));
      await Promise.race([died, left]);
      const made = batches.length;
      const second = await open(endpoint, folder);
      const answers = await Promise.all(questions.map((q) => second.generate(asked(q))));
      expect(answers.map((a) => a.text)).toEqual(questions.map((q) => `answer to ${q}`));
      const jobs = batches.map((b) => JSON.stringify(b.metadata));
      expect(new Set(jobs).size).toBe(jobs.length);
      expect(batches.length - made).toBeLessThanOrEqual(1);
      expect(batches.length).toBe(trial + 1);
    }
  });
});
