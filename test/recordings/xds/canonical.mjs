// Brings a dump of adsdump into one canonical form, so that two dumps of the same
// configuration are equal even when they were taken in different clusters, or when one
// control plane inlines certificates or filters and the other delivers them as secrets or
// as filter configurations (ECDS) over the same stream.
// Bringing a canonical dump into canonical form again changes nothing.
import { deniesAll, isRbacType } from './rbac.mjs';
import { Pems, source, tlsContext } from './tls-context.mjs';

const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);
export const stable = (v) =>
  Array.isArray(v)
    ? `[${v.map(stable)}]`
    : isObject(v)
      ? `{${Object.keys(v)
          .filter((k) => v[k] !== undefined)
          .sort()
          .map((k) => JSON.stringify(k) + ':' + stable(v[k]))}}`
      : JSON.stringify(v);
const byText = (a, b) => (stable(a) < stable(b) ? -1 : stable(a) > stable(b) ? 1 : 0);

/**
 * A filter that names its configuration is replaced by the filter that holds it. What Envoy does until the
 * configuration comes (and after it was taken away) is up to the default, which must not let anybody through.
 */
function fetchedFilter(v, ctx) {
  const { config_discovery: d, ...rest } = v,
    source = d.config_source ?? {},
    types = d.type_urls ?? [];
  const wrong = (text) => ctx.wrong.add(`filter ${v.name}: ${text}`);
  const type = (c) => c?.['@type'];
  if (source.ads === undefined && source.self === undefined) {
    wrong('its configuration is not fetched over this stream');
    return v;
  }
  const config = ctx.extensions[v.name]?.typed_config;
  if ([v.name, ...types, type(config) ?? ''].some(isRbacType) && !deniesAll(d.default_config)) {
    wrong(
      d.default_config
        ? 'its default_config does not refuse everybody'
        : 'it has no default_config, which must refuse everybody',
    );
  }
  if (!config) {
    wrong('its configuration never came');
    return v;
  }
  for (const [what, c] of [
    ['configuration', config],
    ['default_config', d.default_config],
  ]) {
    if (c && !types.some((t) => t.split('/').pop() === type(c)?.split('/').pop()))
      wrong(`its ${what} is a ${type(c)}, which type_urls does not list`);
  }
  return { ...rest, typed_config: config };
}

/** Fields of old that mean the same as those that took their place. */
function undeprecated(v) {
  if (!v['@type']?.endsWith('.http.ext_authz.v3.ExtAuthz')) return v;
  const { allowed_headers: allowed, ...request } = v.http_service?.authorization_request ?? {};
  if (allowed === undefined) return v;
  return { ...v, http_service: { ...v.http_service, authorization_request: request }, allowed_headers: allowed };
}

/** Which of the addresses of a server on the same host is tried first (docs/extensions.md). */
function withoutFamilyOfLocalhost(cluster) {
  const { dns_lookup_family: _family, ...rest } = cluster;
  const isLocal = cluster.type === 'STRICT_DNS' && stable(cluster.load_assignment).includes('"address":"localhost"');
  return isLocal ? rest : cluster;
}

const UNORDERED = new Set([
  'san_matchers',
  'domains',
  'prefix_ranges',
  'source_prefix_ranges',
  'principals',
  'permissions',
  'ids',
  'rules',
  'server_names',
  'request_headers_to_remove',
  'response_headers_to_remove',
  'headers',
  'query_parameters',
  'requirements',
  'request_headers_to_add',
  'response_headers_to_add',
  'retriable_status_codes',
  'transport_protocols',
  'disallowed_headers',
]);

const emptyMeansNothing = new Set(['circuit_breakers', 'metadata', 'tls_params', 'request_headers_to_add']);

function walk(v, key, ctx) {
  if (Array.isArray(v)) {
    const out = v.map((x) => walk(x, key, ctx));
    return UNORDERED.has(key) ? out.sort(byText) : out;
  }
  if (isObject(v)) {
    if (isObject(v.config_discovery) && v.name !== undefined) {
      const whole = fetchedFilter(v, ctx);
      if (whole !== v) {
        if (ctx.within.includes(v.name)) {
          ctx.wrong.add(`filter ${v.name}: its configuration names itself`);
          return v;
        }
        return walk(whole, key, { ...ctx, within: [...ctx.within, v.name] });
      }
    }
    v = undeprecated(v);
    const out = {};
    const inner = typeof v.inline_bytes === 'string' ? source(v).text : '';
    if (inner.includes('-----BEGIN ')) v = { inline_string: inner };
    for (const [k, x] of Object.entries(v)) {
      let y = x;
      if (k === 'common_tls_context') y = tlsContext(x, ctx.secrets, ctx.pems, ctx.missing);
      y = walk(y, k, ctx);
      if (emptyMeansNothing.has(k) && isObject(y) && !Object.keys(y).length) continue;
      out[k] = y;
    }
    // addresses handed out to services are compared by where they lead to, not by number
    if (out.address_prefix && /^240\.\d+\.\d+\.\d+$/.test(out.address_prefix)) out.address_prefix = 'virtual IP';
    return out;
  }
  if (typeof v === 'string') {
    if (v.includes('-----BEGIN CERTIFICATE-----')) return ctx.pems.authority({ inline_string: v });
    if (v.includes('PRIVATE KEY-----')) return 'a private key';
    const d = /^(-?\d+(?:\.\d+)?)s$/.exec(v);
    if (d) return `${Math.round(Number(d[1]) * 1e6) / 1e3}ms`;
    return v.replace(/(^|[^0-9a-f])[0-9a-f]{8}~/g, '$1HASH~');
  }
  return v;
}

const rename = (n) => n.replace(/^[0-9a-f]{8}~/, 'HASH~');

export function canonical(dump) {
  const pems = new Pems(),
    missing = new Set(),
    wrong = new Set();
  const ctx = {
    secrets: dump.resources.secrets ?? {},
    extensions: dump.resources.extensions ?? {},
    pems,
    missing,
    wrong,
    within: [],
  };
  const resources = {};
  for (const kind of ['clusters', 'endpoints', 'listeners', 'routes']) {
    resources[kind] = {};
    for (const name of Object.keys(dump.resources[kind] ?? {}).sort())
      resources[kind][rename(name)] = walk(dump.resources[kind][name], '', ctx);
  }
  for (const [name, cluster] of Object.entries(resources.clusters))
    resources.clusters[name] = withoutFamilyOfLocalhost(cluster);
  for (const [name, assignment] of Object.entries(resources.endpoints))
    if (name.startsWith('failover-target~')) resources.endpoints[name] = withoutSpilling(assignment);
  const problems = [
    ...(dump.problems ?? []),
    ...twins(dump.resources.listeners ?? {}),
    ...pems.unsigned(),
    ...[...missing].sort().map((n) => `secret ${n} never came`),
    ...[...wrong].sort(),
  ];
  if (dump.error) problems.push(`stream: ${dump.error}`);
  const removed = dump.removed ?? removals(dump.responses ?? []);
  return {
    node: dump.node,
    resources,
    removed,
    ...(dump.unanswered && Object.keys(dump.unanswered).length ? { unanswered: dump.unanswered } : {}),
    ...(problems.length ? { problems: [...new Set(problems)] } : {}),
  };
}

/** A failover target that keeps all requests while one of its endpoints is healthy: ours says so, Consul's spills (docs/compatibility.md). */
function withoutSpilling(assignment) {
  const { policy, ...rest } = assignment;
  return stable(policy) === stable({ overprovisioning_factor: 100_000 }) ? rest : assignment;
}

/** Two filter chains of one listener with the same match: Envoy refuses such a listener. */
function twins(listeners) {
  const out = [];
  for (const [name, l] of Object.entries(listeners)) {
    const all = (l.filter_chains ?? []).map((c) => stable(c.filter_chain_match ?? {}));
    // in canonical form virtual IPs are all called the same, so those cannot be told apart any more
    if (new Set(all).size !== all.length && !all.some((m) => m.includes('virtual IP')))
      out.push(`listener ${name} has two chains with the same match`);
  }
  return out;
}

/** What was taken away after the first dump, by kind. */
function removals(responses) {
  const out = {};
  for (const r of responses) {
    if (!r.phase || !['clusters', 'listeners'].includes(r.kind)) continue;
    for (const n of r.removed ?? []) (out[r.kind] ??= new Set()).add(rename(n));
  }
  return Object.fromEntries(Object.entries(out).map(([k, s]) => [k, [...s].sort()]));
}
