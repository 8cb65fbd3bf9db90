const DEFAULT_PORTS = { single: 6379, cluster: 6379, sentinel: 26379 } as const;

interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is, and as whom to log in. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly isEncrypted: boolean;
  /** The server; some of the sentinels; some of the nodes of the cluster. At least one. */
  readonly nodes: readonly RedisNode[];
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  /** The master that the sentinels look after, and the login to themselves. Of no meaning unless `kind` says so. */
  readonly sentinel: { readonly master: string; readonly username?: string; readonly password?: string };
}

// A list of hosts is no URL by the WHATWG, so each host is read as one.
const FORM = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `redis+sentinel://[…]host[:port],…/master[/db]` and
 * `redis+cluster://[…]host[:port],…`, each with `rediss` as well. Of a Sentinel, `?sentinelUsername=` and
 * `?sentinelPassword=` are for the sentinels.
 *
 * @returns null for anything else
 */
export function readRedisUrl(url: string): RedisAddress | null {
  const [, protocol, kind = 'single', login = '', hosts, path = '', query = ''] = FORM.exec(url) ?? [];
  if (protocol === undefined || !isKind(kind) || !canDecode(url)) return null;
  const nodes = hosts.split(',').flatMap((host) => readNode(host, DEFAULT_PORTS[kind]) ?? []);
  if (nodes.length !== hosts.split(',').length || (kind === 'single' && nodes.length > 1)) return null;
  const [master, db = '', ...rest] = kind === 'sentinel' ? path.split('/') : ['-', ...path.split('/')];
  // A cluster has one database only.
  if (master === '' || rest.length > 0 || !(kind === 'cluster' ? /^0?$/ : /^\d{0,4}$/).test(db)) return null;
  const [username, password] = readLogin(login);
  const parameters = new URLSearchParams(query);
  return {
    kind,
    isEncrypted: protocol === 'rediss',
    nodes,
    username,
    password,
    db: Number(db),
    sentinel: {
      master: decodeURIComponent(master),
      username: parameters.get('sentinelUsername') ?? undefined,
      password: parameters.get('sentinelPassword') ?? undefined,
    },
  };
}

const canDecode = (text: string): boolean => {
  try {
    return decodeURIComponent(text) !== '';
  } catch {
    return false;
  }
};

const isKind = (kind: string): kind is RedisAddress['kind'] => kind in DEFAULT_PORTS;

const readNode = (host: string, defaultPort: number): RedisNode | null => {
  if (!URL.canParse(`redis://${host}`)) return null;
  const { hostname, port } = new URL(`redis://${host}`);
  return hostname === '' ? null : { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || defaultPort) };
};

/** As URLs have it: user and password, either of which may be missing. */
const readLogin = (login: string): (string | undefined)[] => {
  const at = login.indexOf(':');
  const parts = at < 0 ? [login, ''] : [login.slice(0, at), login.slice(at + 1)];
  return parts.map((part) => decodeURIComponent(part) || undefined);
};
