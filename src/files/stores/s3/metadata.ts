import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../../errors.ts';
import { ConnectionError, type Headers, send, textOf } from '../request.ts';
import type { Environment } from './profiles.ts';
import type { Credentials } from './sign.ts';

const CONTAINER_HOST = 'http://169.254.170.2';
/** Hosts that a token may be sent to without TLS. */
const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/;
/** A machine that is no instance of a cloud has nobody there: that must be known soon. */
const SILENCE_MS = 1000;

interface Told {
  readonly AccessKeyId?: string;
  readonly SecretAccessKey?: string;
  readonly Token?: string;
  readonly Expiration?: string;
}

/** Credentials that a container is given (ECS, EKS Pod Identity); null outside of one. */
export async function containerCredentials(env: Environment): Promise<Credentials | null> {
  const relative = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;
  const full = env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (!relative && !full) return null;
  const url = new URL(relative ? CONTAINER_HOST + relative : (full ?? ''));
  if (url.protocol !== 'https:' && !LOCAL.test(url.hostname))
    throw new ConfigError({
      expected: 'an address of this machine, or one by https',
      got: url.host,
      where: 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    });
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file ? (await readFile(file, 'utf8')).trim() : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const told = await ask('GET', url, token ? { authorization: token } : {}, 5000);
  if (told.status !== 200)
    throw new ConfigError({
      expected: 'credentials of this container',
      got: `status ${told.status}`,
      where: relative ? 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI' : 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    });
  return credentialsIn(told.text, 'this container');
}

/** Credentials of the role of an instance, by IMDSv2; null where there is no such service, or no role. */
export async function instanceCredentials(env: Environment): Promise<Credentials | null> {
  if (/^true$/i.test(env.AWS_EC2_METADATA_DISABLED ?? '')) return null;
  const base = env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254';
  const at = (path: string): URL => new URL(`/latest/${path}`, base);
  try {
    const token = await ask('PUT', at('api/token'), { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' });
    if (token.status !== 200) return null;
    const headers = { 'x-aws-ec2-metadata-token': token.text };
    const role = await ask('GET', at('meta-data/iam/security-credentials/'), headers);
    if (role.status !== 200) return null;
    const name = encodeURIComponent(role.text.trim().split('\n')[0]);
    const told = await ask('GET', at(`meta-data/iam/security-credentials/${name}`), headers);
    return told.status === 200 ? credentialsIn(told.text, 'the role of this instance') : null;
  } catch (error) {
    // Nobody there: this is no instance.
    if (error instanceof ConnectionError) return null;
    throw error;
  }
}

async function ask(method: 'GET' | 'PUT', url: URL, headers: Headers, silenceMs = SILENCE_MS) {
  const answer = await send({ method, url, headers, silenceMs });
  return { status: answer.status, text: await textOf(answer) };
}

function credentialsIn(text: string, source: string): Credentials | null {
  let told: Told;
  try {
    told = JSON.parse(text) as Told;
  } catch (error) {
    // Its text is not told: it may hold keys.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration } = told;
  if (!accessKeyId || !secretAccessKey) return null;
  const expiresMs = Expiration ? Date.parse(Expiration) : undefined;
  return { accessKeyId, secretAccessKey, sessionToken, expiresMs, source };
}
