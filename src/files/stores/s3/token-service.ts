import { ConfigError } from '../../../errors.ts';
import { send, textOf } from '../request.ts';
import type { Environment, Profile } from './profiles.ts';
import { type Credentials, signed } from './sign.ts';
import { tag } from './xml.ts';

const regionOf = (env: Environment, profile?: Profile): string =>
  env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? profile?.region ?? 'us-east-1';

/** A role by a signed token of an identity provider (EKS, GitHub Actions). */
export function assumeRoleWithToken(
  env: Environment,
  role: string,
  token: string,
  session = 'sluice',
): Promise<Credentials> {
  const fields = { RoleArn: role, RoleSessionName: session, WebIdentityToken: token };
  return askForRole(env, 'AssumeRoleWithWebIdentity', fields, null, regionOf(env), 'the web identity token');
}

/** The role of a profile, by the credentials of another one. */
export function assumeRole(env: Environment, base: Credentials, profile: Profile): Promise<Credentials> {
  const fields = {
    RoleArn: profile.role_arn,
    RoleSessionName: profile.role_session_name ?? 'sluice',
    ...(profile.external_id && { ExternalId: profile.external_id }),
    ...(profile.duration_seconds && { DurationSeconds: profile.duration_seconds }),
  };
  return askForRole(env, 'AssumeRole', fields, base, regionOf(env, profile), base.source);
}

async function askForRole(
  env: Environment,
  action: string,
  fields: Readonly<Record<string, string>>,
  base: Credentials | null,
  region: string,
  source: string,
): Promise<Credentials> {
  const url = new URL(env.AWS_ENDPOINT_URL_STS ?? env.AWS_ENDPOINT_URL ?? `https://sts.${region}.amazonaws.com/`);
  const body = Buffer.from(new URLSearchParams({ Action: action, Version: '2011-06-15', ...fields }).toString());
  const plain = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const headers = base ? await signed({ method: 'POST', url, headers: plain, body }, base, 'sts', region) : plain;
  const answer = await send({ method: 'POST', url, headers, body });
  const text = await textOf(answer);
  const accessKeyId = tag(text, 'AccessKeyId');
  const secretAccessKey = tag(text, 'SecretAccessKey');
  if (answer.status !== 200 || accessKeyId === null || secretAccessKey === null)
    throw new ConfigError({
      expected: `the role ${fields.RoleArn}`,
      got: `status ${answer.status} ${tag(text, 'Code') ?? ''}`.trim(),
      where: source,
      fix: 'See that its trust policy lets this identity take it.',
    });
  const expiresMs = Date.parse(tag(text, 'Expiration') ?? '');
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: tag(text, 'SessionToken') ?? undefined,
    expiresMs: Number.isFinite(expiresMs) ? expiresMs : undefined,
    source: `${source} (role ${fields.RoleArn})`,
  };
}
