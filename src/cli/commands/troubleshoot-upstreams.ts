import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';

/** `troubleshoot upstreams`. */
export const troubleshootUpstreams = defineCommand({
  usage: '[options]',
  about: 'Lists the upstreams that a running Envoy knows: what to give to `troubleshoot proxy`.',
  examples: [{ says: 'Of the Envoy on this host:', type: 'troubleshoot upstreams' }],
  flags: {
    envoyAdminEndpoint: textFlag("Address of the Envoy's admin port.", 'host:port', '127.0.0.1:19000'),
  },
  maxArgs: 0,
  reachesAgent: false,
  run: async ({ flags, io }) => {
    const { readEnvoy } = await import('../troubleshoot/envoy-admin.js');
    const { explicitUpstreams, transparentUpstreams } = await import('../troubleshoot/upstreams.js');
    try {
      const facts = await readEnvoy(flags.envoyAdminEndpoint);
      const explicit = explicitUpstreams(facts);
      const transparent = transparentUpstreams(facts);
      io.out(`==> Upstreams (explicit upstreams only) (${explicit.length})\n`);
      io.out(explicit.map(({ name }) => `${name}\n`).join(''));
      io.out(`\n==> Upstream IPs (transparent proxy only) (${transparent.length})\n`);
      io.out(
        transparent.map(({ addresses, clusters }) => `[${addresses.join(' ')}]  ${clusters.join(' ')}\n`).join(''),
      );
      return 0;
    } catch (thrown) {
      return refuse(io, `error generating upstreams: ${messageOf(thrown)}`);
    }
  },
});
