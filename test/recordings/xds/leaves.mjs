// A resource as a list of `path = value` lines, so that two can be compared line by line.
import { stable } from './canonical.mjs';

const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);

export const address = (e) => {
  const a = e?.endpoint?.address ?? e?.address ?? {};
  return a.socket_address ? `${a.socket_address.address}:${a.socket_address.port_value ?? 0}` : stable(a);
};
export const destination = (chain) => {
  for (const f of chain.filters ?? []) {
    const c = f.typed_config ?? {};
    if (c.cluster) return c.cluster;
    if (c.rds) return `routes ${c.rds.route_config_name}`;
    if (c.weighted_clusters)
      return (
        'weighted ' +
        c.weighted_clusters.clusters
          .map((x) => x.name)
          .sort()
          .join(' ')
      );
    if (c.route_config) return 'own routes';
  }
  return (chain.filters ?? []).map((f) => f.name).join(' ');
};
export const chainKey = (c) => `${stable(c.filter_chain_match ?? {})} to ${destination(c)}`;

/** How the elements of a list are told apart; lists not named here go by position. */
const KEYS = {
  filters: (x) => x.name,
  http_filters: (x) => x.name,
  listener_filters: (x) => x.name,
  filter_chains: chainKey,
  virtual_hosts: (x) => (x.domains ?? []).join(' '),
  routes: (x) => stable(x.match ?? {}),
  clusters: (x) => (isObject(x) ? x.name : x),
  endpoints: (x) => `priority ${x.priority ?? 0} ${stable(x.locality ?? {})}`,
  lb_endpoints: address,
  request_headers_to_add: (x) => x.header?.key,
  response_headers_to_add: (x) => x.header?.key,
  retriable_status_codes: String,
  san_matchers: stable,
  domains: String,
};
const ORDERED = new Set(['filters', 'http_filters', 'listener_filters', 'routes']);

export function leaves(v, path = '', out = [], key = '') {
  if (Array.isArray(v)) {
    const keyOf = KEYS[key];
    const seen = new Map();
    v.forEach((x, i) => {
      let k = String(i);
      if (keyOf) {
        k = keyOf(x);
        const n = seen.get(k) ?? 0;
        seen.set(k, n + 1);
        if (n) k += ` (${n + 1})`;
      }
      leaves(x, `${path}[${k}]`, out);
    });
    if (ORDERED.has(key) && v.length > 1) out.push(`${path} order = ${v.map(keyOf).join(' > ')}`);
  } else if (isObject(v)) {
    const keys = Object.keys(v);
    if (!keys.length) out.push(`${path} = {}`);
    for (const k of keys) leaves(v[k], path ? `${path}.${k}` : k, out, k);
  } else out.push(`${path} = ${JSON.stringify(v)}`);
  return out;
}

export function agree(want, got) {
  const left = new Map();
  for (const l of want) left.set(l, (left.get(l) ?? 0) + 1);
  let same = 0;
  const extra = [];
  for (const l of got) {
    const n = left.get(l) ?? 0;
    if (n) {
      same++;
      left.set(l, n - 1);
    } else extra.push(l);
  }
  const missing = [...left].flatMap(([l, n]) => Array(n).fill(l));
  return { same, total: want.length + got.length, missing, extra };
}
export const ratio = (a) => (a.total ? (2 * a.same) / a.total : 1);
