import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';
import type { EnvoyFacts } from '../troubleshoot/envoy-admin.js';
import type { FoundUpstream } from '../troubleshoot/upstreams.js';

interface Finding {
  readonly good: boolean;
  readonly says: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** `troubleshoot proxy`. */
export const troubleshootProxy = defineCommand({
  usage: '(-upstream-envoy-id ID | -upstream-ip ADDRESS) [options]',
  about:
    'Looks at a running Envoy and says whether it could reach an upstream: certificates, refused configuration, listener, cluster and healthy endpoints. The exit code is 1 when something is wrong.',
  examples: [
    { says: 'The upstream "db":', type: 'troubleshoot proxy -upstream-envoy-id db' },
    { says: 'In a transparent proxy:', type: 'troubleshoot proxy -upstream-ip 240.0.0.3' },
  ],
  flags: {
    envoyAdminEndpoint: textFlag("Address of the Envoy's admin port.", 'host:port', '127.0.0.1:19000'),
    upstreamEnvoyId: textFlag('Name of the upstream, as `troubleshoot upstreams` lists it.', 'id'),
    upstreamIp: textFlag('Address by which a transparent proxy knows the upstream.', 'address'),
  },
  maxArgs: 0,
  reachesAgent: false,
  run: async ({ flags, io }) => {
    if ((flags.upstreamEnvoyId === '') === (flags.upstreamIp === ''))
      return refuse(io, 'Please give one of -upstream-envoy-id and -upstream-ip');
    const { readEnvoy } = await import('../troubleshoot/envoy-admin.js');
    const { explicitUpstreams, transparentUpstreams } = await import('../troubleshoot/upstreams.js');
    try {
      const facts = await readEnvoy(flags.envoyAdminEndpoint);
      const upstream =
        flags.upstreamIp === ''
          ? explicitUpstreams(facts).find(({ name }) => name === flags.upstreamEnvoyId)
          : transparentUpstreams(facts).find(({ addresses }) => addresses.includes(flags.upstreamIp));
      const findings = [
        ...ofProxy(facts, Date.now()),
        ...ofUpstream(facts, flags.upstreamEnvoyId || flags.upstreamIp, upstream),
      ];
      io.out(`==> Validation\n${findings.map(describe).join('')}`);
      return findings.every(({ good }) => good) ? 0 : 1;
    } catch (thrown) {
      return refuse(io, `error running troubleshoot: ${messageOf(thrown)}`);
    }
  },
});

const describe = ({ good, says, advice }: Finding): string =>
  ` ${good ? '✓' : '!'} ${says}\n${advice === undefined || good ? '' : `   -> ${advice}\n`}`;

function ofProxy({ certificates, rejectedUpdates, connectFailures }: EnvoyFacts, nowMs: number): readonly Finding[] {
  const isValid = ({ validFrom, expires }: EnvoyFacts['certificates'][number]): boolean =>
    Date.parse(validFrom) <= nowMs && Date.parse(expires) > nowMs;
  const good = certificates.length > 0 && certificates.every(isValid);
  return [
    {
      good,
      says: good ? 'Certificates are valid' : 'Certificates are missing or not valid now',
      advice: 'Look whether the proxy is connected (`proxies list`) and what the time is on both hosts',
    },
    {
      good: rejectedUpdates === 0,
      says: `Envoy has ${rejectedUpdates} rejected configurations`,
      advice: '`proxies read` names what was refused, why, and the entries it came from',
    },
    { good: true, says: `Envoy has detected ${connectFailures} connection failure(s)` },
  ];
}

function ofUpstream(facts: EnvoyFacts, wanted: string, upstream: FoundUpstream | undefined): readonly Finding[] {
  if (upstream === undefined)
    return [
      {
        good: false,
        says: `No listener for upstream "${wanted}"`,
        advice:
          '`troubleshoot upstreams` lists those there are; look at the registration of the proxy, and at intentions of transparent ones',
      },
    ];
  const known = upstream.clusters.filter((name) => facts.clusters.includes(name));
  // A listener with routes names its routes; what they lead to is named after the service.
  const clusters = known.length > 0 ? known : facts.clusters.filter((name) => name.startsWith(`${upstream.name}.`));
  return [
    { good: true, says: `Listener for upstream "${wanted}" found` },
    ...(clusters.length > 0
      ? []
      : [
          {
            good: false,
            says: `No cluster for upstream "${wanted}"`,
            advice: 'Look at `proxies read`, and at the discovery chain of the service',
          },
        ]),
    ...clusters.flatMap((name): readonly Finding[] => {
      const { healthy, total } = facts.endpoints.get(name) ?? { healthy: 0, total: 0 };
      return [
        { good: true, says: `Cluster "${name}" for upstream "${wanted}" found` },
        {
          good: healthy > 0,
          says:
            healthy > 0
              ? `Healthy endpoints for cluster "${name}" found (${healthy} of ${total})`
              : `No healthy endpoints for cluster "${name}" (${total} in all)`,
          advice: 'Check that the service has instances with sidecars, and that their checks pass',
        },
      ];
    }),
  ];
}
