import { defineCommand, type Invocation } from '../command.js';
import type { Flags } from '../flags/flag.js';
import { listFlag, portFlag, switchFlag, textFlag } from '../flags/flag.js';
import { failure, refuse } from '../failure.js';
import { asRecord, asText } from '../json.js';
import type { RedirectOptions } from '../redirect/index.js';
import { UsageError } from '../usage-error.js';

const DEFAULT_OUTBOUND_PORT = 15_001;

const flags = {
  consulDnsIp: textFlag('Address of a DNS server that all DNS queries are sent to.', 'address'),
  consulDnsPort: portFlag('Port of that DNS server. Alone: a DNS server on this host. The default is 53.', 0),
  dryRun: switchFlag('Print the rules instead of applying them.'),
  excludeInboundPort: listFlag('A port, or a range such as 8000-8100, that is reached directly.', 'port'),
  excludeOutboundCidr: listFlag('A range of addresses that connections go to directly.', 'cidr'),
  excludeOutboundPort: listFlag('A port, or a range, that connections go to directly.', 'port'),
  excludeUid: listFlag('A user whose connections go out directly.', 'user'),
  ipv6: switchFlag('Redirect IPv6, too. Without a listener for it there it is refused.', true),
  netns: textFlag(
    'Network namespace in which the rules are to be: its file, or its name below /var/run/netns.',
    'namespace',
  ),
  nodeName: textFlag(
    'Node with which the proxy is registered in the catalog, when it is not the one of the agent.',
    'name',
  ),
  proxyId: textFlag('ID of the proxy whose registration says which ports to use and which to leave open.', 'id'),
  proxyInboundPort: portFlag("Port of the proxy's public listener. The default is that of the registration.", 0),
  proxyOutboundPort: portFlag(
    "Port of the proxy's outbound listener. The default is that of the registration, else 15001.",
    0,
  ),
  proxyUid: textFlag('User that the proxy runs as: its own connections are not redirected.', 'user'),
} satisfies Flags;

/** `connect redirect-traffic`: the rules that lead connections through a transparent sidecar. */
export const connectRedirectTraffic = defineCommand({
  usage: '-proxy-uid USER (-proxy-id ID | -proxy-inbound-port PORT) [options]',
  about:
    'Leads all TCP connections to and from this host, or a network namespace, through its transparent sidecar. Written with nftables where nft is there, else with iptables; a second run replaces the rules of the first. Needs root, or the capability NET_ADMIN.',
  examples: [
    {
      says: 'For a registered sidecar that runs as the user "envoy":',
      type: 'connect redirect-traffic -proxy-id web-sidecar-proxy -proxy-uid envoy',
    },
    {
      says: 'Only to see the rules:',
      type: 'connect redirect-traffic -proxy-inbound-port 21000 -proxy-uid 5678 -dry-run',
    },
    {
      says: 'In the namespace of a container, with SSH left alone and DNS sent to an agent:',
      type: 'connect redirect-traffic -proxy-id web-sidecar-proxy -proxy-uid 5678 -netns web -exclude-inbound-port 22 -consul-dns-ip 10.0.0.2 -consul-dns-port 8600',
    },
  ],
  flags,
  maxArgs: 0,
  reachesAgent: true,
  run: async (invocation) => {
    const { flags: given, io } = invocation;
    if (given.proxyUid === '') throw new UsageError('-proxy-uid is required');
    if (given.proxyId === '' && given.proxyInboundPort === 0)
      throw new UsageError('either -proxy-id or -proxy-inbound-port are required');
    if (given.nodeName !== '' && given.proxyId === '') throw new UsageError('-node-name needs -proxy-id');
    const { applyRules, preparedRules, redirectPlan, requireRights } = await import('../redirect/index.js');
    let options: RedirectOptions;
    try {
      options = await redirectOptions(invocation);
    } catch (thrown) {
      if (thrown instanceof UsageError) throw thrown;
      return failure(io, 'Error reading the proxy', thrown);
    }
    const plan = redirectPlan(options);
    const surroundings = { path: io.env['PATH'] ?? '', netns: given.netns };
    try {
      if (!given.dryRun) requireRights();
      const rules = preparedRules(plan, surroundings, given.dryRun);
      if (given.dryRun) {
        for (const { program, args, script } of rules) io.out(`# ${[program, ...args].join(' ')}\n${script}`);
        return 0;
      }
      applyRules(rules, surroundings);
    } catch (thrown) {
      if (thrown instanceof UsageError) throw thrown;
      return failure(io, 'Error setting up traffic redirection rules', thrown);
    }
    io.out('Successfully applied traffic redirection rules\n');
    return 0;
  },
});

async function redirectOptions(invocation: Invocation<typeof flags>): Promise<RedirectOptions> {
  const { flags: given, io } = invocation;
  const proxy = given.proxyId === '' ? undefined : await registeredProxy(invocation);
  if (proxy && !proxy.isTransparent)
    refuse(
      io,
      `the proxy "${given.proxyId}" is not in transparent mode: nothing will listen where connections are redirected to until Mode is "transparent"`,
    );
  return {
    proxyUid: given.proxyUid,
    inboundPort: given.proxyInboundPort || (proxy?.inboundPort ?? 0),
    outboundPort: given.proxyOutboundPort || (proxy?.outboundPort ?? DEFAULT_OUTBOUND_PORT),
    excludeInboundPorts: [...given.excludeInboundPort, ...(proxy?.openPorts ?? [])],
    excludeOutboundPorts: given.excludeOutboundPort,
    excludeOutboundCidrs: given.excludeOutboundCidr,
    excludeUids: given.excludeUid,
    dnsIp: given.consulDnsIp,
    dnsPort: given.consulDnsPort,
    ipv6: given.ipv6,
  };
}

async function registeredProxy({ flags: given, agent }: Invocation<typeof flags>) {
  const { findProxy } = await import('../envoy/find-proxy.js');
  const { redirectedProxy } = await import('../redirect/index.js');
  const found = await findProxy(agent, {
    proxyId: given.proxyId,
    sidecarFor: '',
    gateway: '',
    nodeName: given.nodeName,
    centralConfig: true,
  });
  const exposesChecks = asRecord(found.proxy['Expose'])['Checks'] === true && given.nodeName === '';
  const owner = asText(found.proxy['DestinationServiceID']);
  const checks = exposesChecks ? Object.values(asRecord(await agent.get('/v1/agent/checks'))) : [];
  return redirectedProxy(
    found,
    checks.filter((check) => asText(asRecord(check)['ServiceID']) === owner),
  );
}
