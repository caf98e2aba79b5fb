/** What a line of a list names: a host with all below it, or a page. */
export interface ListEntry {
  /** In lower case, as it is written. */
  readonly host?: string;
  readonly page?: string;
}

/** Where a list sends what it blocks. */
const NOWHERE = '0\\.0\\.0\\.0|127\\.0\\.0\\.1|::1?|255\\.255\\.255\\.255';
const HOSTS = new RegExp(`^(?:${NOWHERE})\\s+(\\S.*)$`);
const ADBLOCK = /^\|\|([A-Za-z0-9.\-*]+)\^(?:\$(?:all|document|doc|third-party|3p|important|popup)(?:,\w+)*)?$/;
/** dnsmasq: `address=/a/b/` and what it answers; `server=/a/` and `local=/a/` without a server. */
const DNSMASQ = new RegExp(`^(?:address=/([^=\\s]+)/(?:#|${NOWHERE})?|(?:server|local)=/([^=\\s]+)/)$`);
const ZONE = /^local-zone:\s*"?([^"\s]+)"?\s+"?(\w+)"?$/;
const ZONE_BLOCKS =
  /^(?:static|deny|refuse|redirect|inform_deny|inform_redirect|always_(?:refuse|nxdomain|nodata|null|deny))$/;
const DATA = new RegExp(
  `^local-data:\\s*["']([^"'\\s]+)\\s+(?:\\d+\\s+)?(?:IN\\s+)?A{1,4}\\s+(?:${NOWHERE})["']$`,
  'i',
);
/** A record of a response policy zone that answers with nothing. */
const POLICY = new RegExp(
  `^(\\S+)\\s+(?:\\d+\\s+)?(?:IN\\s+)?(?:CNAME\\s+(?:\\.|\\*\\.|rpz-drop\\.)|A{1,4}\\s+(?:${NOWHERE}))(?:\\s*;.*)?$`,
  'i',
);
/** Triggers of such a zone that are no names. */
const TRIGGER = /\.rpz-(?:ip|client-ip|nsip|nsdname)$/i;
const LOCAL = new Set(['localhost', 'localhost.localdomain', 'local', 'broadcasthost', '0.0.0.0', 'ip6-localhost']);
const HOST = /^[\p{L}\p{M}\p{N}_.-]+$/u;

/** Empty lines and those that begin with `#`, `!`, `;` or `[`. */
export const isComment = (line: string): boolean => line === '' || '#!;['.includes(line[0]);

/**
 * What a line of a list names; nothing for comments, exceptions and what is neither a domain nor a page. Read are: a
 * domain or page (`*.name` and `.name` are name); hosts files, with all names of a line; domain rules of ad blockers
 * (`||name^`); dnsmasq, Unbound and response policy zones, where they answer with nothing.
 * @param line without white space around it
 */
export function entriesOf(line: string): ListEntry[] {
  if (isComment(line) || line.startsWith('@@')) return [];
  const hosts = HOSTS.exec(line)?.[1].replace(/#.*/, '').trim().split(/\s+/);
  if (hosts) return hostsOf(hosts.filter((name) => !LOCAL.has(name)));
  if (/^(?:address|server|local)=\//.test(line)) {
    const dnsmasq = DNSMASQ.exec(line);
    return dnsmasq ? hostsOf((dnsmasq[1] ?? dnsmasq[2]).split('/')) : [];
  }
  const zone = ZONE.exec(line);
  if (zone) return ZONE_BLOCKS.test(zone[2]) ? hostsOf([zone[1]]) : [];
  const named = ADBLOCK.exec(line)?.[1] ?? DATA.exec(line)?.[1] ?? POLICY.exec(line)?.[1];
  if (named !== undefined) return TRIGGER.test(named) ? [] : hostsOf([named]);
  const comment = line.search(/\s#/);
  const entry = comment < 0 ? line : line.slice(0, comment).trimEnd();
  if (/[\s|^$~]/.test(entry) || entry.startsWith('/')) return [];
  const bare = entry.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  return bare.includes('/') ? [{ page: entry }] : hostOf(bare.replace(/:\d+$/, ''));
}

const hostsOf = (names: readonly string[]): ListEntry[] => names.flatMap((name) => hostOf(name.replace(/^www\./i, '')));

function hostOf(name: string): ListEntry[] {
  const host = name
    .replace(/^\*?\./, '')
    .replace(/\.$/, '')
    .toLowerCase();
  return HOST.test(host) ? [{ host }] : [];
}
