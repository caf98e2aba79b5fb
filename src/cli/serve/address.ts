import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { ConfigError } from '../../errors.ts';
import { isLoopback } from '../../sinks/http.ts';
import { type LiveServer, type LiveSource, serveLive } from '../../sinks/live/server.ts';
import { wholeNumber } from '../command.ts';
import type { Style } from '../terminal/terminal.ts';

/** Tried first, so that the address stays the same from run to run. */
const DEFAULT_PORT = 4610;

/** @param text what was typed; undefined or '' where nothing was */
export function portOption(text: string | undefined, option: string): number | null {
  const port = wholeNumber(text === '' ? undefined : text, option, 0) ?? null;
  if (port !== null && port > 65_535)
    throw new ConfigError({ expected: 'a port up to 65535', got: `${port}`, where: option });
  return port;
}

/** Serves a page at the port that was asked for; where none was, at the usual one or any that is free. */
export async function openPage(
  source: LiveSource,
  {
    host = '127.0.0.1',
    port,
    option,
  }: { readonly host?: string; readonly port: number | null; readonly option: string },
): Promise<LiveServer> {
  const token = isLoopback(host) ? null : (process.env.SLUICE_LIVE_TOKEN ?? randomBytes(24).toString('base64url'));
  try {
    return await serveLive(source, { host, port: port ?? DEFAULT_PORT, token });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && port === null) return serveLive(source, { host, port: 0, token });
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    throw new ConfigError({
      expected: code === 'EADDRNOTAVAIL' ? `an address of this machine` : `port ${port} free`,
      got:
        code === 'EADDRINUSE' ? 'another program that listens on it' : `${host}:${port}, which cannot be listened on`,
      where: option,
      fix: `Name another with ${option}, or 0 for any that is free.`,
    });
  }
}

/** Where the page is, and how to see it from the machine that the user sits at. */
export function addressLines({ url, host, port }: LiveServer, style: Style): string[] {
  const lines = [`${style.bold('Live page')}  ${style.cyan(url)}`];
  const ssh = process.env.SSH_CONNECTION?.split(' ') ?? [];
  if (ssh.length < 4 || !isLoopback(host)) return lines;
  const [, , address, sshPort] = ssh;
  const where = sshPort === '22' ? '' : `-p ${sshPort} `;
  lines.push(`  On your own machine:  ssh ${where}-L ${port}:127.0.0.1:${port} ${userInfo().username}@${address}`);
  lines.push(`  and open  http://127.0.0.1:${port}/`);
  return lines;
}

/** Until Ctrl-C, or a supervisor says so. */
export const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
