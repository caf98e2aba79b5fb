// A server that speaks the API of OpenAI and bills. Runs in a process of its own (`node metering-server.mjs '{...}'`
// prints its port) or in that of a test (`startMeter({...})`). GET /meter tells what was billed.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

/** Numbers between 0 and 1 that only depend on the seed. */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const tokensOf = (text) => Math.ceil(Buffer.byteLength(text) / 4);

/** The text between the marks of the last turn, with a word put in after every third: nothing is copied whole. */
function paraphrase(prompt) {
  const text = /<text>\n([\s\S]*)\n<\/text>$/.exec(prompt)?.[1] ?? prompt;
  return text
    .split(/\s+/)
    .map((word, i) => (i % 3 === 2 ? `${word} indeed` : word))
    .join(' ');
}

const REPLIES = {
  paraphrase,
  echo: (prompt) => /<text>\n([\s\S]*)\n<\/text>$/.exec(prompt)?.[1] ?? prompt,
  refuse: () => 'I am sorry, but I cannot help with rewriting this text.',
  empty: () => '',
  stranger: () => 'Quantum zebras juggle marmalade. '.repeat(12),
  half: () => '{"answer": "hal',
};

/**
 * @param options reply: name in REPLIES or a function of the prompt; latency: [least, most] ms; faults: share of
 *   requests that fail; limited: share of 429; capacity: requests worked on at once, others wait without a word; seed;
 *   script: called with (request number, body) and may return { status, headers, body, hang, cut, raw } instead.
 */
export async function startMeter(options = {}) {
  const { reply = 'paraphrase', latency = [0, 0], faults = 0, limited = 0, capacity = Infinity, seed = 1 } = options;
  const random = randomOf(seed);
  const answerOf = typeof reply === 'function' ? reply : REPLIES[reply];
  const meter = { requests: 0, billed: {}, once: {}, promptTokens: 0, tokens: 0, out: 0, most: 0, keys: {} };
  let working = 0;
  const queue = [];
  const slot = async () => {
    if (working >= capacity) return new Promise((go) => queue.push(go));
    working++;
  };
  const free = () => (queue.length > 0 ? queue.shift()() : working--);
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/meter') return response.end(JSON.stringify(meter));
    // What clients look at to see whether the server is there.
    if (request.method === 'GET' && /\/models$/.test(request.url)) return response.end('{"object":"list","data":[]}');
    const pieces = [];
    request.on('data', (p) => pieces.push(p));
    request.on('end', () => void answer(request, response, Buffer.concat(pieces).toString('utf8')));
  });
  async function answer(request, response, text) {
    const number = meter.requests++;
    const key = request.headers.authorization ?? 'none';
    meter.keys[key] = (meter.keys[key] ?? 0) + 1;
    const body = JSON.parse(text);
    const told = options.script?.(number, body, request) ?? null;
    if (told?.hang) return;
    if (told?.cut) return response.socket.destroy();
    if (told?.status && told.status !== 200) {
      response.writeHead(told.status, { 'content-type': 'application/json', ...told.headers });
      return response.end(told.body ?? JSON.stringify({ error: { message: `status ${told.status}` } }));
    }
    if (random() < limited) {
      response.writeHead(429, { 'retry-after-ms': '20' });
      return response.end('{"error":{"message":"slow down"}}');
    }
    const fault = random();
    if (fault < faults) {
      if (fault < faults / 2) return response.socket.destroy();
      response.writeHead(500);
      return response.end('{"error":{"message":"broken"}}');
    }
    const prompt = body.messages?.at(-1).content ?? body.prompt;
    const id = createHash('sha256')
      .update(JSON.stringify(body.messages ?? body.prompt))
      .digest('hex')
      .slice(0, 16);
    const said = told?.text ?? answerOf(prompt, body);
    const most = body.max_tokens;
    const all = tokensOf(said);
    const shown = all > most ? said.slice(0, 4 * most) : said;
    const usage = {
      prompt_tokens: tokensOf(JSON.stringify(body.messages ?? body.prompt)),
      completion_tokens: told?.tokens ?? Math.min(all, most),
    };
    meter.out++;
    meter.most = Math.max(meter.most, meter.out);
    await slot();
    // Billed when the work begins, whatever becomes of the connection.
    meter.billed[id] = (meter.billed[id] ?? 0) + 1;
    meter.once[id] = { promptTokens: usage.prompt_tokens, tokens: usage.completion_tokens };
    meter.promptTokens += usage.prompt_tokens;
    meter.tokens += usage.completion_tokens;
    const ms = latency[0] + random() * (latency[1] - latency[0]);
    if (ms > 0) await new Promise((go) => setTimeout(go, ms));
    send(response, body, { text: shown, finish: all > most ? 'length' : 'stop', usage, told });
    free();
    meter.out--;
  }
  await new Promise((ready) => server.listen(options.port ?? 0, '127.0.0.1', ready));
  const { port } = server.address();
  return {
    endpoint: `http://127.0.0.1:${port}/v1`,
    port,
    meter,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

function send(response, body, { text, finish, usage, told }) {
  const chat = body.messages !== undefined;
  const choice = (part, ended) => ({
    index: 0,
    finish_reason: ended,
    ...(chat ? { [body.stream ? 'delta' : 'message']: { role: 'assistant', content: part } } : { text: part }),
    ...(body.logprobs ? { logprobs: chat ? { content: [{ logprob: -0.5 }] } : { token_logprobs: [-0.5] } } : {}),
  });
  if (told?.raw !== undefined) {
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(told.raw);
  }
  if (!body.stream) {
    const whole = Buffer.from(JSON.stringify({ id: 'a', choices: [choice(text, told?.finish ?? finish)], usage }));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
    return response.end(whole);
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (data) => response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  const half = text.length >> 1;
  event({ id: 'a', choices: [choice(text.slice(0, half), null)] });
  event({ id: told?.otherId ?? 'a', choices: [choice(text.slice(half), told?.finish ?? finish)] });
  event({ id: 'a', choices: [], usage });
  event('[DONE]');
  response.end();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { port } = await startMeter(JSON.parse(process.argv[2] ?? '{}'));
  process.stdout.write(`${port}\n`);
}
