import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ConfigError } from '../../../errors.ts';
import { containerCredentials, instanceCredentials } from './metadata.ts';
import { type Environment, type Profile, profileName, readProfiles } from './profiles.ts';
import type { Credentials } from './sign.ts';
import { assumeRole, assumeRoleWithToken } from './token-service.ts';

/** They are asked for anew so long before they expire. */
const RENEW_MS = 5 * 60_000;

/**
 * The standard chain: environment, shared files (AWS_PROFILE, with roles and `credential_process`), web identity,
 * container, instance. null where there are none: then requests go unsigned, which public buckets answer.
 */
export async function findCredentials(env: Environment): Promise<Credentials | null> {
  const named = env.AWS_PROFILE !== undefined || env.AWS_DEFAULT_PROFILE !== undefined;
  const fromEnvironment = environmentCredentials(env);
  if (fromEnvironment && !named) return fromEnvironment;
  const profiles = await readProfiles(env);
  const name = profileName(env);
  if (named && !profiles.has(name))
    throw new ConfigError({
      expected: `a profile ${name} in ~/.aws/config or ~/.aws/credentials`,
      got: profiles.size === 0 ? 'no profiles' : `only ${[...profiles.keys()].slice(0, 5).join(', ')}`,
      where: 'AWS_PROFILE',
    });
  const fromProfile = await profileCredentials(name, profiles, env, []);
  return (
    fromProfile ??
    fromEnvironment ??
    (await webIdentity(env)) ??
    (await containerCredentials(env)) ??
    (await instanceCredentials(env))
  );
}

/** Credentials that are looked up once, and again before they expire or when `renew` is called. */
export function credentialSource(env: Environment): {
  get(): Promise<Credentials | null>;
  renew(): void;
} {
  let found: Promise<Credentials | null> | null = null;
  return {
    async get() {
      found ??= findCredentials(env);
      try {
        const credentials = await found;
        if (credentials?.expiresMs === undefined || credentials.expiresMs - Date.now() > RENEW_MS) return credentials;
        found = findCredentials(env);
        return await found;
      } catch (error) {
        found = null;
        throw error;
      }
    },
    renew() {
      found = null;
    },
  };
}

function environmentCredentials(env: Environment): Credentials | null {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = env;
  if (!accessKeyId || !secretAccessKey) return null;
  return { accessKeyId, secretAccessKey, sessionToken: AWS_SESSION_TOKEN || undefined, source: 'the environment' };
}

async function webIdentity(env: Environment): Promise<Credentials | null> {
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role } = env;
  if (!file || !role) return null;
  return assumeRoleWithToken(env, role, (await readFile(file, 'utf8')).trim(), env.AWS_ROLE_SESSION_NAME);
}

async function profileCredentials(
  name: string,
  profiles: ReadonlyMap<string, Profile>,
  env: Environment,
  above: readonly string[],
): Promise<Credentials | null> {
  const profile = profiles.get(name);
  if (profile === undefined) return null;
  const source = `the profile ${name}`;
  if (profile.role_arn) {
    if (profile.web_identity_token_file) {
      const token = (await readFile(profile.web_identity_token_file, 'utf8')).trim();
      return assumeRoleWithToken(env, profile.role_arn, token, profile.role_session_name);
    }
    const from = profile.source_profile;
    const self = from === name && profile.aws_access_key_id !== undefined;
    if (from !== undefined && (self || !above.includes(from))) {
      const base = self ? keysOf(profile, source) : await profileCredentials(from, profiles, env, [...above, name]);
      if (base) return assumeRole(env, base, profile);
    } else if (profile.credential_source === 'Environment') {
      const base = environmentCredentials(env);
      if (base) return assumeRole(env, base, profile);
    } else if (profile.credential_source !== undefined) {
      const base = (await containerCredentials(env)) ?? (await instanceCredentials(env));
      if (base) return assumeRole(env, base, profile);
    }
    throw new ConfigError({
      expected: 'credentials to take the role with (source_profile or credential_source)',
      got: 'none that work',
      where: source,
    });
  }
  const keys = keysOf(profile, source);
  if (keys) return keys;
  if (profile.credential_process) return processCredentials(profile.credential_process, source, env);
  if (profile.sso_session || profile.sso_start_url)
    throw new ConfigError({
      expected: 'a profile with keys, a role or a credential_process',
      got: 'one that signs in with SSO',
      where: source,
      fix: `Run: eval "$(aws configure export-credentials --profile ${name} --format env)", and unset AWS_PROFILE.`,
    });
  return null;
}

function keysOf(profile: Profile, source: string): Credentials | null {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey, aws_session_token } = profile;
  if (!accessKeyId || !secretAccessKey) return null;
  return { accessKeyId, secretAccessKey, sessionToken: aws_session_token || undefined, source };
}

async function processCredentials(command: string, source: string, env: Environment): Promise<Credentials> {
  const [shell, flag] = process.platform === 'win32' ? ['cmd.exe', '/c'] : ['/bin/sh', '-c'];
  try {
    const { execFile } = process.getBuiltinModule('node:child_process');
    const { stdout } = await promisify(execFile)(shell, [flag, command], { env: env as NodeJS.ProcessEnv });
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = JSON.parse(stdout) as Record<string, string>;
    if (!AccessKeyId || !SecretAccessKey) throw new Error('it printed no keys');
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiresMs: Expiration ? Date.parse(Expiration) : undefined,
      source,
    };
  } catch (error) {
    // What it printed may hold keys: neither that nor its command line is told.
    const { code } = error as { code?: number | string };
    throw new ConfigError({
      expected: 'credentials from its credential_process',
      got: typeof code === 'number' ? `exit code ${code}` : 'something else',
      where: source,
    });
  }
}
