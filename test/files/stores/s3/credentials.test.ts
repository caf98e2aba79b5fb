import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { credentialSource, findCredentials } from '../../../../src/files/stores/s3/credentials.ts';
import type { Environment } from '../../../../src/files/stores/s3/profiles.ts';
import { temporaryFolder } from '../../../helpers/run.ts';
import { openServer } from '../../../helpers/stores/plain-server.ts';

const NOTHING: Environment = { HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' };
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAENV', AWS_SECRET_ACCESS_KEY: 'env-secret' };

/** A home with shared files; `{}` stands for its folder in their text. */
async function home(files: { readonly config?: string; readonly credentials?: string; readonly token?: string }) {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text.replaceAll('{}', folder));
  return {
    folder,
    env: {
      ...NOTHING,
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    },
  };
}

/** A token service: what it is asked is kept, and the role's keys are told by it. */
async function tokenService() {
  const asked: URLSearchParams[] = [];
  const signed: (string | undefined)[] = [];
  const { url } = await openServer((request, answer) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      asked.push(new URLSearchParams(body));
      signed.push(request.headers.authorization);
      const role = asked.at(-1)?.get('RoleArn');
      if (role === 'arn:refused') {
        answer.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>sent-token</Message></Error>');
        return;
      }
      answer.end(
        `<R><Credentials><AccessKeyId>ASIA-${role}</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>` +
          '<SessionToken>role-token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></R>',
      );
    });
  });
  return { url, asked, signed };
}

it('takes the environment first, nothing where there is nothing, and a profile that is named before both', async () => {
  const { env } = await home({
    credentials: '[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = a # not b\n',
    config: '[profile work]\naws_access_key_id=AKIAWORK\naws_secret_access_key=w\naws_session_token=t\nregion = r\n',
  });
  expect(await findCredentials(NOTHING)).toBeNull();
  expect(await findCredentials({ ...env, ...KEYS })).toMatchObject({
    accessKeyId: 'AKIAENV',
    sessionToken: undefined,
    source: 'the environment',
  });
  expect(await findCredentials(env)).toMatchObject({
    accessKeyId: 'AKIADEFAULT',
    secretAccessKey: 'a',
    source: 'the profile default',
  });
  expect(await findCredentials({ ...env, ...KEYS, AWS_PROFILE: 'work' })).toMatchObject({
    accessKeyId: 'AKIAWORK',
    sessionToken: 't',
    source: 'the profile work',
  });
  await expect(findCredentials({ ...env, AWS_PROFILE: 'wrok' })).rejects.toThrow('only work, default');
});

it('takes roles: of a source profile, signed with its keys; of a token file, unsigned', async () => {
  const service = await tokenService();
  const { env } = await home({
    token: 'sent-token\n',
    credentials: '[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = b\n',
    config:
      '[profile role]\nrole_arn = arn:one\nsource_profile = base\nexternal_id = x\n' +
      '[profile web]\nrole_arn = arn:two\nweb_identity_token_file = {}/token\n' +
      '[profile refused]\nrole_arn = arn:refused\nweb_identity_token_file = {}/token\n' +
      '[profile circle]\nrole_arn = arn:three\nsource_profile = other\n' +
      '[profile other]\nrole_arn = arn:four\nsource_profile = circle\n',
  });
  const of = (name: string) => findCredentials({ ...env, AWS_ENDPOINT_URL_STS: service.url, AWS_PROFILE: name });
  expect(await of('role')).toEqual({
    accessKeyId: 'ASIA-arn:one',
    secretAccessKey: 'role-secret',
    sessionToken: 'role-token',
    expiresMs: Date.parse('2999-01-01T00:00:00Z'),
    source: 'the profile base (role arn:one)',
  });
  expect(service.asked[0].get('Action')).toBe('AssumeRole');
  expect(service.asked[0].get('ExternalId')).toBe('x');
  expect(service.signed[0]).toContain('Credential=AKIABASE/');
  expect(await of('web')).toMatchObject({ accessKeyId: 'ASIA-arn:two' });
  expect(service.asked[1].get('WebIdentityToken')).toBe('sent-token');
  expect(service.signed[1]).toBeUndefined();
  await expect(of('circle')).rejects.toThrow('credentials to take the role with');
  // What the service says of it may repeat the token.
  const refusal = await of('refused').catch((error: Error) => error.message);
  expect(refusal).toContain('status 403 AccessDenied');
  expect(refusal).not.toContain('sent-token');
});

it('takes a web identity of the environment, and what a program prints, whose output no error tells', async () => {
  const service = await tokenService();
  const keys = '{"Version":1,"AccessKeyId":"AKIAPROC","SecretAccessKey":"p"}';
  const { env, folder } = await home({
    token: 'sent-token',
    config:
      `[profile good]\ncredential_process = echo '${keys}'\n` +
      '[profile bad]\ncredential_process = echo leaked; exit 3\n',
  });
  const web = { AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'), AWS_ROLE_ARN: 'arn:pod' };
  expect(await findCredentials({ ...env, ...web, AWS_ENDPOINT_URL_STS: service.url })).toMatchObject({
    accessKeyId: 'ASIA-arn:pod',
    source: 'the web identity token (role arn:pod)',
  });
  expect(await findCredentials({ ...env, AWS_PROFILE: 'good' })).toMatchObject({ accessKeyId: 'AKIAPROC' });
  const failure = await findCredentials({ ...env, AWS_PROFILE: 'bad' }).catch((error: Error) => error.message);
  expect(failure).toContain('exit code 3');
  expect(failure).not.toContain('leaked');
});

it('asks the container with its token, and the instance with a session; neither where they are not', async () => {
  const told = (id: string): string =>
    JSON.stringify({ AccessKeyId: id, SecretAccessKey: 's', Token: 't', Expiration: '2999-01-01T00:00:00Z' });
  const seen: string[] = [];
  const { url } = await openServer((request, answer) => {
    const { authorization, 'x-aws-ec2-metadata-token': session } = request.headers;
    seen.push(`${request.method} ${request.url} ${authorization ?? session ?? ''}`.trim());
    const answers: Readonly<Record<string, string>> = {
      '/pod': told('AKIAPOD'),
      '/latest/api/token': 'session',
      '/latest/meta-data/iam/security-credentials/': 'the-role',
      '/latest/meta-data/iam/security-credentials/the-role': told('AKIAINSTANCE'),
    };
    const found = answers[request.url ?? ''];
    answer.writeHead(found === undefined ? 404 : 200).end(found);
  });
  const container = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/pod`, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'Bearer b' };
  expect(await findCredentials({ ...NOTHING, ...container })).toMatchObject({
    accessKeyId: 'AKIAPOD',
    sessionToken: 't',
    source: 'this container',
  });
  const instance = { HOME: '/nonexistent', AWS_EC2_METADATA_SERVICE_ENDPOINT: url };
  expect(await findCredentials(instance)).toMatchObject({
    accessKeyId: 'AKIAINSTANCE',
    source: 'the role of this instance',
  });
  expect(seen).toEqual([
    'GET /pod Bearer b',
    'PUT /latest/api/token',
    'GET /latest/meta-data/iam/security-credentials/ session',
    'GET /latest/meta-data/iam/security-credentials/the-role session',
  ]);
  const elsewhere = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://elsewhere.example/pod' };
  await expect(findCredentials({ ...NOTHING, ...elsewhere })).rejects.toThrow('an address of this machine');
  const nobody = await openServer((_request, answer) => answer.destroy());
  expect(await findCredentials({ ...instance, AWS_EC2_METADATA_SERVICE_ENDPOINT: nobody.url })).toBeNull();
});

it('asks again before keys expire, and when a server says that they have', async () => {
  let asked = 0;
  const { url } = await openServer((_request, answer) => {
    asked++;
    // The first ones are about to expire.
    const Expiration = asked === 1 ? new Date(Date.now() + 60_000).toISOString() : '2999-01-01T00:00:00Z';
    answer.end(JSON.stringify({ AccessKeyId: `AKIA${asked}`, SecretAccessKey: 's', Expiration }));
  });
  const source = credentialSource({ ...NOTHING, AWS_CONTAINER_CREDENTIALS_FULL_URI: url });
  const next = async (): Promise<string | undefined> => (await source.get())?.accessKeyId;
  expect([await next(), await next()]).toEqual(['AKIA2', 'AKIA2']);
  source.renew();
  expect(await next()).toBe('AKIA3');
});
