import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { signed, type ToSign } from '../../../../src/files/stores/s3/sign.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  source: 'the documentation of S3',
};
const sign = (path: string, { method = 'GET', headers = {}, ...more }: Partial<ToSign> = {}) =>
  signed(
    { method, url: new URL(`https://examplebucket.s3.amazonaws.com${path}`), headers, ...more },
    credentials,
    's3',
    'us-east-1',
  );

describe('signed', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2013, 4, 24), toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  // The examples of "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)".
  it.each([
    ['/?lifecycle', {}, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['/?max-keys=2&prefix=J', {}, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
    [
      '/test%24file.text',
      {
        method: 'PUT',
        headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        body: Buffer.from('Welcome to Amazon S3.'),
      },
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
  ])('signs %s as the documentation of S3 does', async (path, request, signature) => {
    expect((await sign(path, request)).authorization).toMatch(new RegExp(`Signature=${signature}$`));
  });

  it('can leave the bytes of a body out, and signs a token of a session', async () => {
    const options = { method: 'PUT', unsignedBody: true } as const;
    const one = await sign('/a', { ...options, body: Buffer.from('one') });
    expect(one['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
    expect(await sign('/a', { ...options, body: Buffer.from('two') })).toEqual(one);
    const session = await signed(
      { method: 'GET', url: new URL('https://h/a'), headers: { range: 'bytes=0-1' } },
      { ...credentials, sessionToken: 'of a session' },
      's3',
      'eu-west-1',
    );
    expect(session).toMatchObject({ 'x-amz-security-token': 'of a session', range: 'bytes=0-1' });
    expect(session.authorization).toContain(
      '/20130524/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, ',
    );
  });
});
