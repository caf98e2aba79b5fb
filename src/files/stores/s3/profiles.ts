import { homedir } from 'node:os';
import { join } from 'node:path';
import { readIfThere } from '../../whole.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of one profile of `~/.aws/config` and `~/.aws/credentials`; nested ones as `s3.addressing_style`. */
export type Profile = Readonly<Record<string, string>>;

/** Profiles by name, of both shared files; AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say where they are. */
export async function readProfiles(env: Environment): Promise<ReadonlyMap<string, Profile>> {
  const folder = join(env.HOME ?? homedir(), '.aws');
  const config = await readIfThere(env.AWS_CONFIG_FILE ?? join(folder, 'config'));
  const credentials = await readIfThere(env.AWS_SHARED_CREDENTIALS_FILE ?? join(folder, 'credentials'));
  const profiles = new Map<string, Record<string, string>>();
  const take = (text: string | null): void => {
    for (const [name, settings] of sections(text ?? '')) profiles.set(name, { ...profiles.get(name), ...settings });
  };
  take(config);
  // What both name, the file of credentials says.
  take(credentials);
  return profiles;
}

function sections(text: string): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>();
  let own: Record<string, string> | null = null;
  let nested = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const head = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line);
    if (head) {
      own = found.get(head[1]) ?? {};
      found.set(head[1], own);
      nested = '';
      continue;
    }
    const setting = /^(\s*)([^=\s]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (!setting || own === null) continue;
    const [, indent, name, value] = setting;
    if (indent === '') nested = value === '' ? `${name}.` : '';
    // A comment begins after white space.
    own[(indent === '' ? '' : nested) + name] = value.replace(/\s[#;].*$/, '');
  }
  return found;
}

/** Name of the profile in use. */
export const profileName = (env: Environment): string => env.AWS_PROFILE ?? env.AWS_DEFAULT_PROFILE ?? 'default';
