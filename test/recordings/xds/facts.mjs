// Hard facts: what decides how traffic flows, as a map of text to text.
import { stable } from './canonical.mjs';
import { address, chainKey, destination } from './leaves.mjs';

const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);

/** All values of the fields with this name, wherever they stand. */
export const find = (v, name, out = []) => {
  if (Array.isArray(v)) v.forEach((x) => find(x, name, out));
  else if (isObject(v))
    for (const [k, x] of Object.entries(v)) {
      if (k === name) out.push(x);
      find(x, name, out);
    }
  return out;
};

function tlsFacts(socket, put) {
  const c = socket?.typed_config;
  if (!c) return put('TLS', socket ? socket.name : 'none');
  const t = c.common_tls_context ?? {};
  if (c.sni !== undefined) put('SNI', c.sni);
  if (c.require_client_certificate !== undefined) put('client certificate required', c.require_client_certificate);
  put(
    'certificates',
    (t.certificates ?? [])
      .map((x) => (isObject(x) ? `secret ${x.name}` : x))
      .sort()
      .join(', '),
  );
  put(
    'trusted',
    isObject(t.validation?.trusted_ca) || t.validation === undefined
      ? 'none'
      : (t.validation.trusted_ca ?? 'see validator'),
  );
  put('SAN matchers', stable((t.validation?.san_matchers ?? []).map((m) => m)));
  if (t.tls_params) put('TLS parameters', stable(t.tls_params));
}

const routeAction = (r) => {
  const a = r.route ?? {};
  return stable({
    to:
      a.cluster ??
      (a.weighted_clusters
        ? a.weighted_clusters.clusters.map((c) => `${c.name}*${c.weight ?? 0}`).sort()
        : Object.keys(r).find((k) => ['redirect', 'direct_response'].includes(k))),
    timeout: a.timeout,
    idle: a.idle_timeout,
    rewrite: a.prefix_rewrite ?? a.regex_rewrite,
    host: a.auto_host_rewrite ?? a.host_rewrite_literal,
    retries: a.retry_policy?.num_retries,
    on: a.retry_policy?.retry_on?.split(',').sort().join(','),
  });
};
function routeFacts(rc, put) {
  for (const h of rc.virtual_hosts ?? []) {
    const d = (h.domains ?? []).join(' ');
    put(`host ${d}`, (h.routes ?? []).map((r) => `${stable(r.match ?? {})} => ${routeAction(r)}`).join('\n'));
  }
}
function chainFacts(c, put) {
  put('filters', (c.filters ?? []).map((f) => f.name).join(' > '));
  tlsFacts(c.transport_socket, put);
  for (const f of c.filters ?? []) {
    const t = f.typed_config ?? {};
    if (t.http_filters) put('HTTP filters', t.http_filters.map((x) => x.name).join(' > '));
    if (t.route_config) routeFacts(t.route_config, (k, v) => put(`route ${k}`, v));
    for (const x of t.http_filters ?? []) {
      if (x.typed_config?.['@type']?.endsWith('.JwtAuthentication')) put('tokens', stable(x.typed_config));
    }
  }
}

/** Facts about one resource as a map of text to text. */
export function facts(kind, r) {
  const out = new Map();
  const put = (k, v) => out.set(k, String(v));
  if (kind === 'clusters') {
    put('type', r.cluster_type?.name ?? r.type ?? 'STATIC');
    put('connect timeout', r.connect_timeout ?? 'none');
    put('balancing', r.lb_policy ?? 'ROUND_ROBIN');
    put('HTTP/2', find(r, 'http2_protocol_options').length > 0);
    tlsFacts(r.transport_socket, put);
    const members = r.cluster_type?.typed_config?.clusters;
    if (members) put('members', members.join(' > '));
    if (r.load_assignment)
      put('addresses', stable((r.load_assignment.endpoints ?? []).flatMap((l) => (l.lb_endpoints ?? []).map(address))));
  }
  if (kind === 'endpoints') {
    const all = (r.endpoints ?? []).flatMap((l) =>
      (l.lb_endpoints ?? []).map(
        (e) => `${l.priority ?? 0} ${address(e)} ${e.health_status ?? 'UNKNOWN'} ${e.load_balancing_weight ?? 1}`,
      ),
    );
    put('addresses', all.sort().join('\n'));
  }
  if (kind === 'listeners') {
    put('address', address(r));
    put('listener filters', (r.listener_filters ?? []).map((f) => f.name).join(' > '));
    for (const c of r.filter_chains ?? []) chainFacts(c, (k, v) => put(`chain ${chainKey(c)}: ${k}`, v));
    if (r.default_filter_chain)
      chainFacts(r.default_filter_chain, (k, v) =>
        put(`default chain to ${destination(r.default_filter_chain)}: ${k}`, v),
      );
  }
  if (kind === 'routes') routeFacts(r, put);
  return out;
}
