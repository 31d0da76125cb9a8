import type { Command } from './command.js';

/** A place in the tree of commands: a group of others, or a command that is loaded when it is needed. */
export interface CommandNode {
  readonly name: string;
  readonly summary: string;
  readonly children?: readonly CommandNode[];
  readonly load?: () => Promise<Command>;
  /** Takes its arguments as they are: the flags belong to another room. */
  readonly passArguments?: (argv: readonly string[], print: (text: string) => void) => Promise<number>;
  /** The flags of one that passes its arguments, for completion. */
  readonly flagWords?: () => Promise<readonly { readonly word: string; readonly summary: string }[]>;
  /** Which child runs when none is named. */
  readonly otherwise?: string;
}

const leaf = (name: string, summary: string, load: () => Promise<Command>): CommandNode => ({ name, summary, load });
const group = (name: string, summary: string, children: readonly CommandNode[], otherwise?: string): CommandNode => ({
  name,
  summary,
  children,
  ...(otherwise === undefined ? {} : { otherwise }),
});

/** Every command. Nothing is loaded by looking at it. */
export const commandTree: readonly CommandNode[] = [
  {
    name: 'agent',
    summary: 'Runs a control plane (server or agent)',
    passArguments: async (argv, print) => (await import('./commands/agent.js')).runAgentCommand(argv, print),
    flagWords: async () => (await import('./commands/agent-help.js')).agentFlagWords(),
  },
  group('catalog', 'Looks into the catalog of nodes and services', [
    leaf(
      'datacenters',
      'Lists all known datacenters',
      async () => (await import('./commands/catalog-datacenters.js')).catalogDatacenters,
    ),
    leaf(
      'nodes',
      'Lists the nodes of a datacenter',
      async () => (await import('./commands/catalog-nodes.js')).catalogNodes,
    ),
    leaf(
      'services',
      'Lists the services of a datacenter',
      async () => (await import('./commands/catalog-services.js')).catalogServices,
    ),
  ]),
  leaf(
    'check',
    'Looks for what is wrong with an installation',
    async () => (await import('./commands/check.js')).check,
  ),
  leaf(
    'completion',
    'Prints a completion script for your shell',
    async () => (await import('./commands/completion.js')).completion,
  ),
  group('config', 'Reads and writes config entries', [
    leaf('delete', 'Deletes a config entry', async () => (await import('./commands/config-delete.js')).configDelete),
    leaf(
      'list',
      'Lists the config entries of a kind',
      async () => (await import('./commands/config-list.js')).configList,
    ),
    leaf('read', 'Prints a config entry', async () => (await import('./commands/config-read.js')).configRead),
    leaf(
      'write',
      'Writes a config entry from HCL or JSON',
      async () => (await import('./commands/config-write.js')).configWrite,
    ),
  ]),
  group('connect', 'Works with the service mesh', [
    group('ca', 'Looks at and changes the certificate authority', [
      leaf(
        'get-config',
        'Prints the configuration of the certificate authority',
        async () => (await import('./commands/connect-ca-get-config.js')).connectCaGetConfig,
      ),
      leaf(
        'set-config',
        'Changes the configuration of the certificate authority',
        async () => (await import('./commands/connect-ca-set-config.js')).connectCaSetConfig,
      ),
    ]),
    leaf(
      'envoy',
      'Runs an Envoy as the proxy of a service, or prints its bootstrap',
      async () => (await import('./commands/connect-envoy.js')).connectEnvoy,
    ),
    leaf(
      'expose',
      'Exposes a service through an ingress gateway',
      async () => (await import('./commands/connect-expose.js')).connectExpose,
    ),
    leaf(
      'redirect-traffic',
      'Leads connections through a transparent sidecar',
      async () => (await import('./commands/connect-redirect-traffic.js')).connectRedirectTraffic,
    ),
  ]),
  leaf(
    'debug',
    'Packs what is known about an agent for those who help',
    async () => (await import('./commands/debug.js')).debug,
  ),
  leaf(
    'dev',
    'Runs a control plane, a demo mesh and real Envoys on this machine',
    async () => (await import('./commands/dev.js')).dev,
  ),
  group(
    'entries',
    'Shows how far the proxies are with config entries',
    [
      leaf('list', 'Lists all config entries', async () => (await import('./commands/entries-list.js')).entriesList),
      leaf(
        'read',
        'Shows one config entry at the proxies',
        async () => (await import('./commands/entries-read.js')).entriesRead,
      ),
    ],
    'list',
  ),
  leaf('event', 'Fires a user event', async () => (await import('./commands/event.js')).event),
  leaf(
    'force-leave',
    'Makes a failed member count as left',
    async () => (await import('./commands/force-leave.js')).forceLeave,
  ),
  group('import', 'Takes over the state of other systems', [
    leaf(
      'consul',
      'Takes over what a running Consul shows',
      async () => (await import('./commands/import-consul.js')).importConsulCommand,
    ),
  ]),
  leaf('info', 'Prints facts for operators about the agent', async () => (await import('./commands/info.js')).info),
  group('intention', 'Says which service may call which', [
    leaf(
      'check',
      'Says whether a connection would be allowed',
      async () => (await import('./commands/intention-check.js')).intentionCheck,
    ),
    leaf(
      'create',
      'Creates or replaces intentions',
      async () => (await import('./commands/intention-create.js')).intentionCreate,
    ),
    leaf(
      'delete',
      'Deletes an intention',
      async () => (await import('./commands/intention-delete.js')).intentionDelete,
    ),
    leaf('get', 'Shows one intention', async () => (await import('./commands/intention-get.js')).intentionGet),
    leaf('list', 'Lists all intentions', async () => (await import('./commands/intention-list.js')).intentionList),
    leaf(
      'match',
      'Shows the intentions that apply to a service',
      async () => (await import('./commands/intention-match.js')).intentionMatch,
    ),
  ]),
  leaf('join', 'Makes the agent join a cluster', async () => (await import('./commands/join.js')).join),
  leaf('keygen', 'Makes a cluster key', async () => (await import('./commands/keygen.js')).keygen),
  leaf(
    'keyring',
    'Manages the keys for gossip encryption',
    async () => (await import('./commands/keyring.js')).keyring,
  ),
  group('kv', 'Works with the key-value store', [
    leaf('delete', 'Deletes keys', async () => (await import('./commands/kv-delete.js')).kvDelete),
    leaf('export', 'Prints keys and values as JSON', async () => (await import('./commands/kv-export.js')).kvExport),
    leaf('get', 'Prints the value of a key', async () => (await import('./commands/kv-get.js')).kvGet),
    leaf('import', 'Writes what `kv export` printed', async () => (await import('./commands/kv-import.js')).kvImport),
    leaf('list', 'Lists the keys under a prefix', async () => (await import('./commands/kv-list.js')).kvList),
    leaf('put', 'Writes a value', async () => (await import('./commands/kv-put.js')).kvPut),
  ]),
  leaf('leave', 'Makes the agent leave its cluster and stop', async () => (await import('./commands/leave.js')).leave),
  leaf('lock', 'Runs a command while a lock is held', async () => (await import('./commands/lock.js')).lock),
  leaf(
    'maint',
    'Takes the node or a service out of discovery and back',
    async () => (await import('./commands/maint.js')).maint,
  ),
  leaf('members', 'Lists the members of the cluster', async () => (await import('./commands/members.js')).members),
  group('operator', 'Looks after the servers', [
    group('autopilot', 'Shows and sets how servers are looked after', [
      leaf(
        'get-config',
        'Prints the settings',
        async () => (await import('./commands/operator-autopilot-get-config.js')).operatorAutopilotGetConfig,
      ),
      leaf(
        'set-config',
        'Changes the settings',
        async () => (await import('./commands/operator-autopilot-set-config.js')).operatorAutopilotSetConfig,
      ),
      leaf(
        'state',
        'Shows the servers with their health',
        async () => (await import('./commands/operator-autopilot-state.js')).operatorAutopilotState,
      ),
    ]),
    leaf(
      'join-token',
      'Prints the token with which client agents join',
      async () => (await import('./commands/operator-join-token.js')).operatorJoinToken,
    ),
    group('raft', 'Shows and changes who the servers are', [
      leaf(
        'list-peers',
        'Lists the servers',
        async () => (await import('./commands/operator-raft-list-peers.js')).operatorRaftListPeers,
      ),
      leaf(
        'remove-peer',
        'Removes a server that is gone',
        async () => (await import('./commands/operator-raft-remove-peer.js')).operatorRaftRemovePeer,
      ),
      leaf(
        'transfer-leader',
        'Makes another server the leader',
        async () => (await import('./commands/operator-raft-transfer-leader.js')).operatorRaftTransferLeader,
      ),
    ]),
    group('usage', 'Counts what is in use', [
      leaf(
        'instances',
        'Counts services, instances and nodes',
        async () => (await import('./commands/operator-usage-instances.js')).operatorUsageInstances,
      ),
    ]),
  ]),
  leaf('monitor', 'Shows the log of the agent', async () => (await import('./commands/monitor.js')).monitor),
  group(
    'proxies',
    'Shows the proxies and how far they follow the configuration',
    [
      leaf('list', 'Lists all proxies', async () => (await import('./commands/proxies-list.js')).proxiesList),
      leaf(
        'read',
        'Shows one proxy with its resources',
        async () => (await import('./commands/proxies-read.js')).proxiesRead,
      ),
    ],
    'list',
  ),
  leaf(
    'reload',
    'Makes the agent read its configuration again',
    async () => (await import('./commands/reload.js')).reload,
  ),
  leaf('rtt', 'Estimates the round trip time between nodes', async () => (await import('./commands/rtt.js')).rtt),
  group('services', 'Registers services with the agent', [
    leaf(
      'deregister',
      'Removes services from the agent',
      async () => (await import('./commands/services-deregister.js')).servicesDeregister,
    ),
    leaf(
      'export',
      'Lets peers use a service',
      async () => (await import('./commands/services-export.js')).servicesExport,
    ),
    leaf(
      'exported-services',
      'Lists the services that peers may use',
      async () => (await import('./commands/services-exported-services.js')).servicesExportedServices,
    ),
    leaf(
      'register',
      'Registers services with the agent',
      async () => (await import('./commands/services-register.js')).servicesRegister,
    ),
  ]),
  group('snapshot', 'Saves and restores the whole state', [
    leaf(
      'agent',
      'Saves snapshots into a folder at intervals',
      async () => (await import('./commands/snapshot-agent.js')).snapshotAgent,
    ),
    leaf(
      'decode',
      'Prints the records of a snapshot',
      async () => (await import('./commands/snapshot-decode.js')).snapshotDecode,
    ),
    leaf(
      'inspect',
      'Shows what is in a snapshot',
      async () => (await import('./commands/snapshot-inspect.js')).snapshotInspect,
    ),
    leaf(
      'restore',
      'Replaces the state by a snapshot',
      async () => (await import('./commands/snapshot-restore.js')).snapshotRestore,
    ),
    leaf('save', 'Saves the state into a file', async () => (await import('./commands/snapshot-save.js')).snapshotSave),
  ]),
  group('tls', 'Makes certificates for the doors of agents', [
    group('ca', 'Makes a certificate authority', [
      leaf(
        'create',
        'Makes a certificate authority',
        async () => (await import('./commands/tls-ca-create.js')).tlsCaCreate,
      ),
    ]),
    group('cert', 'Makes certificates', [
      leaf('create', 'Makes a certificate', async () => (await import('./commands/tls-cert-create.js')).tlsCertCreate),
    ]),
  ]),
  group('troubleshoot', 'Finds out why a service cannot be reached', [
    leaf(
      'ports',
      'Says which ports of a host are open',
      async () => (await import('./commands/troubleshoot-ports.js')).troubleshootPorts,
    ),
    leaf(
      'proxy',
      'Looks for what keeps an Envoy from an upstream',
      async () => (await import('./commands/troubleshoot-proxy.js')).troubleshootProxy,
    ),
    leaf(
      'upstreams',
      'Lists the upstreams of an Envoy',
      async () => (await import('./commands/troubleshoot-upstreams.js')).troubleshootUpstreams,
    ),
  ]),
  leaf(
    'validate',
    'Checks configuration files of an agent',
    async () => (await import('./commands/agent-validate.js')).agentValidate,
  ),
  leaf('version', 'Prints the version', async () => (await import('./commands/version.js')).version),
  leaf('watch', 'Runs a program when something changes', async () => (await import('./commands/watch.js')).watch),
];
