import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import { listFlag, numberFlag, switchFlag, textFlag } from '../flags/flag.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DOMAIN = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** `tls ca create`. */
export const tlsCaCreate = defineCommand({
  usage: '[options]',
  about:
    'Makes a certificate authority for the TLS doors of agents: <domain>-agent-ca.pem, and <domain>-agent-ca-key.pem with its private key. No file is overwritten.',
  examples: [
    { says: 'For the domain "consul":', type: 'tls ca create' },
    { says: 'That may sign for its own domain only:', type: 'tls ca create -domain=mesh.example -name-constraint' },
  ],
  flags: {
    additionalNameConstraint: listFlag('With -name-constraint: a further domain that it may sign for.', 'domain'),
    clusterId: textFlag('ID of the cluster (a UUID), as a SPIFFE name of the authority.', 'uuid'),
    commonName: textFlag('Name of the authority. The default has its serial number.'),
    days: numberFlag('How many days it is valid.', 1825),
    domain: textFlag('Domain of the agents.', 'domain', 'consul'),
    nameConstraint: switchFlag(
      'The authority may sign for its domain, localhost and -additional-name-constraint only.',
    ),
  },
  maxArgs: 0,
  reachesAgent: false,
  run: async ({ flags, io }) => {
    const { daysProblem, makeAgentCa, writeNewFiles } = await import('../tls/index.js');
    const wrongDays = daysProblem(flags.days);
    if (wrongDays !== undefined) return refuse(io, wrongDays);
    if (flags.clusterId !== '' && !UUID.test(flags.clusterId)) return refuse(io, 'The -cluster-id flag must be a UUID');
    const wrong = [flags.domain, ...flags.additionalNameConstraint].find((domain) => !DOMAIN.test(domain));
    if (wrong !== undefined) return refuse(io, `"${wrong}" is not a domain name`);
    if (flags.additionalNameConstraint.length > 0 && !flags.nameConstraint)
      return refuse(io, '-additional-name-constraint has no effect without -name-constraint');
    const made = await makeAgentCa({
      commonName: flags.commonName,
      days: flags.days,
      clusterId: flags.clusterId.toLowerCase(),
      permittedDomains: flags.nameConstraint ? [...flags.additionalNameConstraint, flags.domain, 'localhost'] : [],
    });
    const names = { certificate: `${flags.domain}-agent-ca.pem`, key: `${flags.domain}-agent-ca-key.pem` };
    try {
      writeNewFiles(io.cwd, [
        { name: names.certificate, text: made.certificatePem, secret: false },
        { name: names.key, text: made.privateKeyPem, secret: true },
      ]);
    } catch (thrown) {
      return refuse(io, messageOf(thrown));
    }
    io.out(`==> Saved ${names.certificate}\n==> Saved ${names.key}\n`);
    return 0;
  },
});
