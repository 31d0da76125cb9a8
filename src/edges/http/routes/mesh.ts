import type { ProxyDetail, ProxyStatus, ResourceStatus } from '../../../xds/server/index.js';
import { json, text } from '../answers.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

const acl = { resource: 'service', access: 'read', scope: 'items' } as const;

/** Our own: what the connected proxies have been told and what they accepted (docs/http-api.md). */
export const meshRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/mesh/proxies', acl, blocking: false, handle: listProxies },
  { method: 'GET', path: '/v1/mesh/proxies/', acl, blocking: false, handle: readProxy },
];

function listProxies({ deps }: ApiRequest): ApiAnswer {
  return json(deps.propagation.list().map(encodeStatus));
}

/** `/v1/mesh/proxies/:node/:id`; a node's name has no slash, a service id may have. */
function readProxy({ deps, rest }: ApiRequest): ApiAnswer {
  const slash = rest.indexOf('/');
  const node = slash < 0 ? rest : rest.slice(0, slash);
  const id = slash < 0 ? '' : rest.slice(slash + 1);
  const found = deps.propagation.get(node, id);
  if (found === undefined)
    return text(
      404,
      `no proxy "${id}" of node "${node}" has been connected here; GET /v1/mesh/proxies lists those that are`,
    );
  return json(encodeDetail(found));
}

function encodeStatus(proxy: ProxyStatus): Record<string, unknown> {
  const { revocationPending: revocation } = proxy;
  return {
    Node: proxy.node,
    ProxyID: proxy.proxyId,
    Service: proxy.service,
    Connected: proxy.connected,
    ConnectedAt: proxy.connectedAt,
    DisconnectedAt: proxy.disconnectedAt,
    Protocol: proxy.protocol,
    UserAgent: proxy.userAgent,
    Version: proxy.version,
    Tested: proxy.tested,
    RemoteAddress: proxy.remoteAddress,
    Encrypted: proxy.encrypted,
    Pending: proxy.pending,
    AcceptedIndex: proxy.acceptedIndex,
    Counts: proxy.counts,
    Refused: proxy.refused,
    ...(revocation === undefined
      ? {}
      : {
          RevocationPending: {
            Index: revocation.index,
            AcceptedAt: revocation.acceptedAt,
            EndsAt: revocation.endsAt,
            Reason: revocation.reason,
          },
        }),
  };
}

function encodeDetail(proxy: ProxyDetail): Record<string, unknown> {
  return { ...encodeStatus(proxy), Resources: proxy.resources.map(encodeResource), Problems: proxy.problems };
}

function encodeResource(resource: ResourceStatus): Record<string, unknown> {
  const { refusal } = resource;
  return {
    Type: resource.type,
    Name: resource.name,
    Progress: resource.progress,
    WantedVersion: resource.wantedVersion,
    SentVersion: resource.sentVersion,
    AcceptedVersion: resource.acceptedVersion,
    Entries: resource.entries,
    ...(refusal === undefined
      ? {}
      : { Refusal: { Version: refusal.version, Error: refusal.error, At: refusal.at, Index: refusal.index } }),
  };
}
