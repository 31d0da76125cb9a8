import { isDeepStrictEqual } from 'node:util';
import { segment } from '../http/agent-client.js';
import { asList, asRecord, asText } from '../json.js';
import { fine, type InstallationCheck, problem, skipped, warning } from './installation-check.js';

const DAY_MS = 86_400_000;
const CLOCK_TOLERANCE_MS = 5000;
const ROOT_DAYS = 30;
const OLDEST_TESTED_MINOR = 36;

/** The servers: a leader, a majority, none that is unhealthy; and the clocks. */
export const serverChecks: readonly InstallationCheck[] = [
  {
    id: 'no-quorum',
    about: 'The servers have a majority: what is written is stored, and what is read is the newest',
    fix: 'Start the servers, or etcd members, that are away; see the log of a server for the one that it misses.',
    async run({ agent }) {
      const answer = await agent.request({ path: '/v1/catalog/datacenters', query: { consistent: true } });
      const leader = await agent.request({ path: '/v1/status/leader' });
      if (answer.status >= 500)
        return problem(`a consistent read is answered with ${answer.status}: ${line(answer.body)}`);
      return leader.body.toString().trim() === '""' ? problem('no server leads') : fine;
    },
  },
  {
    id: 'unhealthy-server',
    about: 'Every server is alive, in touch, and not far behind',
    fix: 'See `operator autopilot state` for which one it is, and its log for why; a server that is gone for good leaves with `force-leave`.',
    async run({ agent }) {
      const { status, body } = await agent.request({ path: '/v1/operator/autopilot/health' });
      if (status !== 200 && status !== 429) return skipped(`autopilot answers with ${status}: ${line(body)}`);
      const servers = asList(asRecord(parsed(body))['Servers']).map(asRecord);
      const bad = servers.filter((server) => server['Healthy'] !== true).map((server) => asText(server['Name']));
      return bad.length === 0 ? fine : problem(`unhealthy: ${bad.join(', ')}`);
    },
  },
  {
    id: 'clock-skew',
    about: "The agent's clock agrees with this machine's",
    fix: 'Synchronise the clocks of all machines (NTP): certificates and TTLs depend on them.',
    async run({ agent, nowMs }) {
      const before = nowMs();
      const { headers } = await agent.request({ path: '/v1/status/leader' });
      const there = Date.parse(asText(headers['date']));
      if (Number.isNaN(there)) return skipped('the agent does not tell its time');
      // The header counts whole seconds.
      const early = before - there - 1000;
      const late = there - nowMs();
      const offMs = Math.max(early, late);
      return offMs > CLOCK_TOLERANCE_MS ? problem(`they differ by about ${Math.round(offMs / 1000)} s`) : fine;
    },
  },
  {
    id: 'root-expires',
    about: `The authority's root is valid for ${ROOT_DAYS} days more`,
    fix: 'Rotate it with `connect ca set-config`; docs/operations.md says how.',
    async run({ agent, nowMs }) {
      const { status, body } = await agent.request({ path: '/v1/connect/ca/roots' });
      if (status !== 200) return skipped(`the authority answers with ${status}: ${line(body)}`);
      const active = asList(asRecord(parsed(body))['Roots'])
        .map(asRecord)
        .find((root) => root['Active'] === true);
      if (!active) return problem('there is no active root');
      const leftMs = Date.parse(asText(active['NotAfter'])) - nowMs();
      if (leftMs <= 0) return problem(`it ended at ${asText(active['NotAfter'])}`);
      return leftMs < ROOT_DAYS * DAY_MS ? warning(`it ends at ${asText(active['NotAfter'])}`) : fine;
    },
  },
  {
    id: 'plaintext-xds',
    about: 'xDS without TLS is open to this machine only',
    fix: 'Bind it to the loopback (-grpc-addr, addresses.grpc) and give other machines the port with TLS (ports.grpc_tls).',
    async run({ agent }) {
      const config = asRecord(asRecord(await agent.get('/v1/agent/self'))['DebugConfig']);
      const open = asList(config['GRPCAddrs'])
        .map(asText)
        .filter((address) => !isLoopback(address));
      const hasTls = asText(asRecord(asRecord(config['TLS'])['GRPC'])['CertFile']) !== '';
      return open.length === 0 || hasTls ? fine : warning(`it is open at ${open.join(', ')}`);
    },
  },
  {
    id: 'agent-out-of-sync',
    about: 'The catalog has the services of this agent',
    fix: 'Look for refused registrations in the log of the agent; it tries again within a minute.',
    async run({ agent }) {
      const node = asText(asRecord(asRecord(await agent.get('/v1/agent/self'))['Config'])['NodeName']);
      const local = Object.keys(asRecord(await agent.get('/v1/agent/services'))).sort();
      const known = asRecord(await agent.get(`/v1/catalog/node-services/${segment(node)}`));
      const stored = asList(known['Services']).map((service) => asText(asRecord(service)['ID']));
      const missing = local.filter((id) => !stored.includes(id));
      const extra = stored.filter((id) => !local.includes(id) && id !== 'consul');
      if (isDeepStrictEqual([missing, extra], [[], []])) return fine;
      return problem(
        [named('missing in the catalog', missing), named('unknown to the agent', extra)].filter(Boolean).join('; '),
      );
    },
  },
];

/** The proxies that are connected. */
export const proxyChecks: readonly InstallationCheck[] = [
  {
    id: 'refused-configuration',
    about: 'No Envoy refuses what it was sent',
    fix: 'See `proxies read` for the resource, the reason and the config entries that it comes from.',
    async run({ agent }) {
      const refusing = (await proxiesOf(agent)).filter((proxy) => Number(asText(proxy['Refused'])) > 0);
      return refusing.length === 0 ? fine : problem(`it is refused by ${names(refusing)}`);
    },
  },
  {
    id: 'old-envoy',
    about: `Envoys are of version 1.${OLDEST_TESTED_MINOR} or later, which are tested`,
    fix: 'Upgrade them: older ones are served, but nobody has tried them.',
    async run({ agent }) {
      const old = (await proxiesOf(agent)).filter((proxy) => {
        const [major = 0, minor = 0] = asText(proxy['Version']).split('.').map(Number);
        return asText(proxy['Version']) !== '' && major === 1 && minor < OLDEST_TESTED_MINOR;
      });
      return old.length === 0 ? fine : warning(`older: ${names(old)}`);
    },
  },
];

async function proxiesOf(agent: Parameters<InstallationCheck['run']>[0]['agent']) {
  const proxies = asList(await agent.get('/v1/mesh/proxies')).map(asRecord);
  return proxies.filter((proxy) => proxy['Connected'] === true);
}

const SHOWN = 5;

function names(proxies: readonly Readonly<Record<string, unknown>>[]): string {
  const shown = proxies.slice(0, SHOWN).map((proxy) => `${asText(proxy['Node'])}/${asText(proxy['ProxyID'])}`);
  return proxies.length > SHOWN ? `${shown.join(', ')} and ${proxies.length - SHOWN} more` : shown.join(', ');
}

const named = (what: string, ids: readonly string[]): string => (ids.length === 0 ? '' : `${what}: ${ids.join(', ')}`);

/** `tcp://127.0.0.1:8502`, `tcp://[::1]:8502`, `unix://…`. */
const isLoopback = (address: string): boolean => /^(?:tcp:\/\/)?(?:127\.|\[?::1\]?:|localhost:)|^unix:/.test(address);

const line = (body: Buffer): string => body.toString().trim().split('\n')[0] ?? '';

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}
