import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../../src/models/folders/hugging-face.ts';
import type { Tensor } from '../../src/models/tensor.ts';

/**
 * Writes a folder of a Llama model with a byte-level tokenizer as GGUF for llama.cpp, weights as float32.
 *
 * Usage: npx tsx scripts/make/gguf.ts FOLDER FILE.gguf
 *
 * llama.cpp knows pre-tokenizers by name only; GPT-2's is named here, which splits English words, numbers of up to
 * three digits and single punctuation marks as that of the model that ships does. Texts of other kinds may get other
 * tokens.
 */
const main = async ([folder, file]: readonly string[]): Promise<void> => {
  const bytes = await ggufOf(folder);
  writeFileSync(file, bytes);
  console.log(`${file}: ${bytes.length} bytes`);
};

type Value = string | boolean | { readonly u32: number } | { readonly f32: number } | readonly string[] | Int32Array;

interface TokenizerFile {
  readonly model: { readonly vocab: Record<string, number>; readonly merges: readonly (string | [string, string])[] };
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
}

/** The bytes of the file. @param chatTemplate Jinja; default: that of the folder, if it has one */
export async function ggufOf(folder: string, chatTemplate: string | null = templateIn(folder)): Promise<Buffer> {
  const { config, weights } = await loadModel(folder);
  const { model, added_tokens } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as TokenizerFile;
  const tokens = Array.from({ length: config.vocabulary }, (_, id) => `[unused ${id}]`);
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  const types = new Int32Array(config.vocabulary).fill(1);
  for (const { id, content, special } of added_tokens) {
    tokens[id] = content;
    types[id] = special ? 3 : 4;
  }
  const start = config.bosToken ?? config.eosToken ?? 0;
  types[start] = 3;
  const u32 = (n: number): Value => ({ u32: n });
  const values: [string, Value][] = [
    ['general.architecture', 'llama'],
    ['general.name', 'sluice'],
    ['llama.vocab_size', u32(config.vocabulary)],
    ['llama.context_length', u32(config.context)],
    ['llama.embedding_length', u32(config.width)],
    ['llama.block_count', u32(config.layers)],
    ['llama.feed_forward_length', u32(config.feedForward)],
    ['llama.attention.head_count', u32(config.heads)],
    ['llama.attention.head_count_kv', u32(config.kvHeads)],
    ['llama.attention.layer_norm_rms_epsilon', { f32: config.normEpsilon }],
    ['llama.rope.dimension_count', u32(config.headWidth)],
    ['llama.rope.freq_base', { f32: config.rope?.base ?? 10_000 }],
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', 'gpt-2'],
    ['tokenizer.ggml.tokens', tokens],
    ['tokenizer.ggml.token_type', types],
    ['tokenizer.ggml.merges', model.merges.map((m) => (typeof m === 'string' ? m : m.join(' ')))],
    ['tokenizer.ggml.bos_token_id', u32(start)],
    ['tokenizer.ggml.eos_token_id', u32(config.eosToken ?? start)],
    ['tokenizer.ggml.add_bos_token', true],
    ...(chatTemplate === null ? [] : [['tokenizer.chat_template', chatTemplate] satisfies [string, Value]]),
  ];
  const named = [...weights].flatMap(([name, tensor]): [string, Tensor][] => {
    const short = nameOf(name);
    const heads = /attn_q/.test(short) ? config.heads : /attn_k/.test(short) ? config.kvHeads : 0;
    return [[short, heads > 0 ? interleaved(tensor, heads) : tensor]];
  });
  return fileOf(values, named);
}

const templateIn = (folder: string): string | null => {
  const path = join(folder, 'chat_template.jinja');
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
};

const PARTS: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  input_layernorm: 'attn_norm',
  post_attention_layernorm: 'ffn_norm',
};

function nameOf(name: string): string {
  const layer = /^model\.layers\.(\d+)\.(.+)\.weight$/.exec(name);
  if (layer && PARTS[layer[2]]) return `blk.${layer[1]}.${PARTS[layer[2]]}.weight`;
  const whole: Readonly<Record<string, string>> = {
    'model.embed_tokens.weight': 'token_embd.weight',
    'model.norm.weight': 'output_norm.weight',
    'lm_head.weight': 'output.weight',
  };
  if (!whole[name]) throw new Error(`a weight that a Llama model has not: ${name}`);
  return whole[name];
}

/** Rows of each head as llama.cpp turns them: pairs beside each other, not half a head apart. */
function interleaved({ shape, data }: Tensor, heads: number): Tensor {
  const [rows, columns] = shape;
  const half = rows / heads / 2;
  const from = data as Float32Array;
  const out = new Float32Array(from.length);
  for (let head = 0; head < heads; head++)
    for (let pair = 0; pair < half; pair++)
      for (let side = 0; side < 2; side++) {
        const source = (head * 2 * half + side * half + pair) * columns;
        out.set(from.subarray(source, source + columns), (head * 2 * half + 2 * pair + side) * columns);
      }
  return { shape, data: out };
}

const ALIGNMENT = 32;
const padded = (n: number): number => Math.ceil(n / ALIGNMENT) * ALIGNMENT;

function fileOf(values: readonly [string, Value][], tensors: readonly [string, Tensor][]): Buffer {
  const head: Buffer[] = [
    Buffer.from('GGUF'),
    u32le(3),
    u64le(tensors.length),
    u64le(values.length),
    ...values.flatMap(([name, value]) => [stringOf(name), ...bytesOf(value)]),
  ];
  let at = 0;
  for (const [name, { shape, data }] of tensors) {
    head.push(stringOf(name), u32le(shape.length), ...[...shape].reverse().map(u64le), u32le(0), u64le(at));
    at += padded(data.byteLength);
  }
  const before = Buffer.concat(head);
  const out = Buffer.alloc(padded(before.length) + at);
  before.copy(out);
  at = padded(before.length);
  for (const [, { data }] of tensors) {
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).copy(out, at);
    at += padded(data.byteLength);
  }
  return out;
}

function bytesOf(value: Value): Buffer[] {
  if (typeof value === 'string') return [u32le(8), stringOf(value)];
  if (typeof value === 'boolean') return [u32le(7), Buffer.of(value ? 1 : 0)];
  if (value instanceof Int32Array)
    return [u32le(9), u32le(5), u64le(value.length), Buffer.from(value.buffer, value.byteOffset, value.byteLength)];
  if ('u32' in value) return [u32le(4), u32le(value.u32)];
  if ('f32' in value) {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value.f32);
    return [u32le(6), bytes];
  }
  return [u32le(9), u32le(8), u64le(value.length), ...value.map(stringOf)];
}

function u32le(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
}

function u64le(n: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(n));
  return bytes;
}

function stringOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([u64le(bytes.length), bytes]);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
