import { ConfigError } from '../../../errors.ts';
import { Refused } from '../problems.ts';
import { type Answer, drain, type Headers, send, textOf } from '../request.ts';
import { isPassing, PassingError, type Patience, retryAfterMs, Traffic } from '../traffic.ts';
import { escapedKey } from '../url.ts';
import { credentialSource } from './credentials.ts';
import { type Environment, type Profile, profileName, readProfiles } from './profiles.ts';
import { type Credentials, signed } from './sign.ts';
import { tag } from './xml.ts';

export interface S3Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Without it the call is about the bucket. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Headers;
  readonly body?: Uint8Array;
  /** True of part of a file whose size and hash stand in something that is signed: its body needs no signature. */
  readonly isVouched?: boolean;
  readonly signal?: AbortSignal;
}

/** Each put leaves it in the metadata of its object: what is there after an answer was lost tells whose it is. */
export const TOKEN_HEADER = 'x-amz-meta-sluice-token';

/** Smaller bodies are always signed: it costs nothing. */
const UNSIGNED_FROM = 64 * 1024;

/** A bucket at an endpoint: signs, finds the region, and tells what passes by from what stays. */
export class S3Client {
  readonly bucket: string;
  readonly traffic: Traffic;
  #env: Environment;
  #credentials: ReturnType<typeof credentialSource>;
  #profile: Promise<Profile> | null = null;
  #region: string | null = null;
  #skewMs = 0;
  /** Since the store has refused a body that is not signed. */
  #signsAll = false;
  /** Credentials of the last request, for errors. */
  #used: Credentials | null = null;

  constructor(bucket: string, env: Environment, patience?: Patience) {
    this.bucket = bucket;
    this.traffic = new Traffic(patience);
    this.#env = env;
    this.#credentials = credentialSource(env);
  }

  /** Where the credentials of the last request came from. */
  get signedBy(): string {
    return this.#used ? `credentials from ${this.#used.source}` : 'no credentials, they were found nowhere';
  }

  /**
   * One try. Resolves to an answer whose status is in `expected`; its body is the caller's. Errors: PassingError,
   * ConnectionError; any other status is thrown as `Refused`.
   *
   * Of a large body that is vouched for no SHA-256 is taken over https, which would cost more than all else: TLS
   * guards it. Over plain http all is signed, as by the clients of AWS; `s3.payload_signing_enabled` of the profile
   * says it for both. A store that refuses a body without a signature gets all signed from then on.
   */
  async once(call: S3Call, expected: readonly number[]): Promise<Answer> {
    const bytes = call.body?.length ?? 0;
    const isSigned = !call.isVouched || bytes < UNSIGNED_FROM || this.#signsAll || (await this.#signsPayload());
    if (isSigned) return this.#once(call, expected);
    try {
      return await this.#once(call, expected, true);
    } catch (error) {
      if (!(error instanceof Refused && [400, 403, 501].includes(error.status))) throw error;
      const answer = await this.#once(call, expected);
      this.#signsAll = true;
      return answer;
    }
  }

  async #once(call: S3Call, expected: readonly number[], unsignedBody = false): Promise<Answer> {
    const region = await this.#regionOf();
    const url = await this.#urlOf(call, region);
    const { method, body, signal } = call;
    const credentials = await this.#credentials.get();
    this.#used = credentials;
    const plain = call.headers ?? {};
    const headers = credentials
      ? await signed({ method, url, headers: plain, body, unsignedBody }, credentials, 's3', region, this.#skewMs)
      : plain;
    const answer = await send({ method, url, headers, body, signal });
    if (expected.includes(answer.status)) return answer;
    return this.#refused(answer, method);
  }

  async #refused(answer: Answer, method: string): Promise<never> {
    const { status, headers } = answer;
    const text = method === 'HEAD' ? '' : await textOf(answer);
    if (method === 'HEAD') await drain(answer);
    const code = tag(text, 'Code') ?? '';
    const message = tag(text, 'Message') ?? '';
    const region = headers['x-amz-bucket-region'] ?? tag(text, 'Region');
    if ([301, 307, 400].includes(status) && typeof region === 'string' && region !== this.#region) {
      this.#region = region;
      throw new PassingError(status, `the bucket is in ${region}`);
    }
    if (code === 'RequestTimeTooSkewed' && this.#skewMs === 0 && headers.date) {
      this.#skewMs = Date.parse(headers.date) - Date.now() || 1;
      throw new PassingError(status, 'the clock of this machine is wrong');
    }
    if (['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'].includes(code) && this.#used?.expiresMs) {
      this.#credentials.renew();
      throw new PassingError(status, 'the credentials have expired');
    }
    const passes = ['RequestTimeout', 'SlowDown', 'InternalError', 'ServiceUnavailable', 'OperationAborted'];
    // 409: two conditional writes at the same moment; the next try gets the answer.
    if (isPassing(status) || passes.includes(code) || code === 'ConditionalRequestConflict')
      throw new PassingError(status, `${status} ${code}`.trim(), retryAfterMs(headers['retry-after']));
    throw new Refused(status, code || message);
  }

  async #settings(): Promise<Profile> {
    this.#profile ??= readProfiles(this.#env).then((all) => all.get(profileName(this.#env)) ?? {});
    return this.#profile;
  }

  async #signsPayload(): Promise<boolean> {
    const said = (await this.#settings())['s3.payload_signing_enabled']?.toLowerCase();
    if (said === 'true' || said === 'false') return said === 'true';
    return (await this.#endpoint())?.startsWith('http:') ?? false;
  }

  async #regionOf(): Promise<string> {
    const { AWS_REGION, AWS_DEFAULT_REGION } = this.#env;
    this.#region ??= AWS_REGION ?? AWS_DEFAULT_REGION ?? (await this.#settings()).region ?? 'us-east-1';
    return this.#region;
  }

  /** As it is given; undefined: that of AWS. */
  async #endpoint(): Promise<string | undefined> {
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = this.#env;
    return AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL ?? (await this.#settings()).endpoint_url;
  }

  async #urlOf({ key, query = {} }: S3Call, region: string): Promise<URL> {
    const settings = await this.#settings();
    const endpoint = await this.#endpoint();
    const virtual = settings['s3.addressing_style'] === 'virtual';
    const pathStyle = !virtual && (endpoint !== undefined || this.bucket.includes('.'));
    if (endpoint !== undefined && !/^https?:\/\//.test(endpoint))
      throw new ConfigError({
        expected: 'an address that begins with https:// or http://',
        got: `'${endpoint}'`,
        where: 'AWS_ENDPOINT_URL',
      });
    const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const url = new URL(endpoint ?? `https://s3.${region}.${domain}`);
    const root = url.pathname.replace(/\/+$/, '');
    const path = key === undefined ? '' : escapedKey(key);
    if (pathStyle) url.pathname = `${root}/${this.bucket}${path === '' ? '' : `/${path}`}`;
    else {
      url.host = `${this.bucket}.${url.host}`;
      url.pathname = `${root}/${path}`;
    }
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }
}
