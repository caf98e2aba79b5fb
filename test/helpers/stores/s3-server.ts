import { createHash, randomUUID } from 'node:crypto';
import { unescaped } from '../../../src/files/stores/s3/xml.ts';
import { type Reply, type Request, ranged, type TestServer, testServer } from './faults.ts';

interface Kept {
  readonly body: Buffer;
  readonly etag: string;
  readonly token: string | undefined;
}

export interface S3Server extends TestServer {
  /** By `bucket/key`. */
  readonly objects: Map<string, Kept>;
  /** What a client finds the server and its rights with. */
  readonly env: Readonly<Record<string, string>>;
  put(name: string, body: Uint8Array | string): void;
}

export const ACCESS_KEY = 'AKIATESTKEY0000EXAMPLE';
export const SECRET_KEY = 'a-secret-that-must-be-seen-nowhere';

/**
 * A small S3 in memory, with conditional writes: what the suites do beside the real servers of `certify-stores`.
 * @param heed false: conditions are ignored, as by stores that do not know them
 */
export async function s3Server({ heed = true, pageSize = 1000 } = {}): Promise<S3Server> {
  const objects = new Map<string, Kept>();
  const uploads = new Map<string, { parts: Map<number, Buffer>; token: string | undefined }>();
  const keep = (name: string, body: Buffer, token?: string): Kept => {
    const kept = { body, etag: `"${createHash('md5').update(body).digest('hex')}"`, token };
    objects.set(name, kept);
    return kept;
  };
  /** A refusal where a condition does not hold. */
  const refused = (name: string, { headers }: Request): Reply | null => {
    const there = objects.get(name);
    if (!heed) return null;
    if (headers['if-none-match'] === '*' && there) return error(412, 'PreconditionFailed');
    const match = headers['if-match'];
    if (match === undefined || there?.etag === match) return null;
    return there ? error(412, 'PreconditionFailed') : error(404, 'NoSuchKey');
  };
  const tokenOf = ({ headers }: Request): string | undefined =>
    headers['x-amz-meta-sluice-token'] as string | undefined;

  const answer = (request: Request): Reply => {
    const { method, path, query, headers, body } = request;
    if (!headers.authorization?.includes(`Credential=${ACCESS_KEY}/`)) return error(403, 'AccessDenied');
    const name = path.slice(1);
    if (!name.includes('/') || name.endsWith('/')) if (method === 'GET') return listing(objects, name, query, pageSize);
    if (method === 'POST' && query.has('delete')) {
      const digest = createHash('md5').update(body).digest('base64');
      if (headers['content-md5'] !== digest) return error(400, 'InvalidDigest');
      const keys = [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => unescaped(key));
      for (const key of keys) objects.delete(`${name.replace(/\/$/, '')}/${key}`);
      return { status: 200, body: '<DeleteResult></DeleteResult>' };
    }
    const uploadId = query.get('uploadId');
    if (method === 'POST' && query.has('uploads')) {
      const id = randomUUID();
      uploads.set(id, { parts: new Map(), token: tokenOf(request) });
      return { status: 200, body: `<R><UploadId>${id}</UploadId></R>` };
    }
    if (uploadId !== null) {
      const upload = uploads.get(uploadId);
      if (upload === undefined) return error(404, 'NoSuchUpload');
      if (method === 'PUT') {
        upload.parts.set(Number(query.get('partNumber')), body);
        return { status: 200, headers: { etag: `"part-${query.get('partNumber')}"` } };
      }
      if (method === 'POST') {
        const no = refused(name, request);
        if (no) return no;
        const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
        const { etag } = keep(name, Buffer.concat(parts), upload.token);
        uploads.delete(uploadId);
        return {
          status: 200,
          body: `<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`,
        };
      }
      uploads.delete(uploadId);
      return { status: 204 };
    }
    if (method === 'PUT') {
      const no = refused(name, request);
      if (no) return no;
      return { status: 200, headers: { etag: keep(name, body, tokenOf(request)).etag } };
    }
    if (method === 'DELETE') {
      objects.delete(name);
      return { status: 204 };
    }
    const found = objects.get(name);
    if (found === undefined) return error(404, 'NoSuchKey');
    const own = { etag: found.etag, ...(found.token && { 'x-amz-meta-sluice-token': found.token }) };
    if (headers['if-match'] !== undefined && headers['if-match'] !== found.etag)
      return error(412, 'PreconditionFailed');
    if (method === 'HEAD') return { status: 200, headers: { ...own, 'content-length': String(found.body.length) } };
    return ranged(found.body, headers, own);
  };
  const server = await testServer(answer);
  const env = {
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  return Object.assign(server, {
    objects,
    env,
    put: (n: string, b: Uint8Array | string) => void keep(n, Buffer.from(b)),
  });
}

const error = (status: number, code: string): Reply => ({
  status,
  body: `<Error><Code>${code}</Code><Message>${code}</Message></Error>`,
});

function listing(objects: Map<string, Kept>, name: string, query: URLSearchParams, pageSize: number): Reply {
  const bucket = `${name.split('/')[0]}/`;
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter');
  const rows = new Map<string, string>();
  const keys = [...objects.keys()].filter((k) => k.startsWith(bucket + prefix)).map((k) => k.slice(bucket.length));
  for (const key of keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    const cut = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = key.slice(0, cut + 1);
    const { etag, body } = objects.get(bucket + key)!;
    const escaped = encodeURIComponent(cut < 0 ? key : folder).replaceAll('%2F', '/');
    if (cut >= 0) rows.set(folder, `<CommonPrefixes><Prefix>${escaped}</Prefix></CommonPrefixes>`);
    else {
      const tag = etag.replaceAll('"', '&quot;');
      rows.set(key, `<Contents><Key>${escaped}</Key><ETag>${tag}</ETag><Size>${body.length}</Size></Contents>`);
    }
  }
  const from = Number(query.get('continuation-token') ?? 0);
  const page = [...rows.values()].slice(from, from + pageSize);
  const more = from + pageSize < rows.size;
  const next = more ? `<NextContinuationToken>${from + pageSize}</NextContinuationToken>` : '';
  const body =
    `<ListBucketResult><IsTruncated>${more}</IsTruncated><EncodingType>url</EncodingType>${next}` +
    `${page.join('')}</ListBucketResult>`;
  return { status: 200, body };
}
