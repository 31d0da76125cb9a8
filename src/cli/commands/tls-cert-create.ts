import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { listFlag, numberFlag, switchFlag, textFlag } from '../flags/flag.js';

const HOST = /^[A-Za-z0-9*](?:[A-Za-z0-9.*_-]*[A-Za-z0-9])?$/;
const ROLES = ['server', 'client', 'cli'] as const;

/** `tls cert create`. */
export const tlsCertCreate = defineCommand({
  usage: '(-server|-client|-cli) [options]',
  about:
    'Makes a certificate for the TLS door of an agent, or for the command line, with a key of its own. The files are numbered; none is overwritten.',
  examples: [
    { says: 'For a server of the datacenter "dc1":', type: 'tls cert create -server' },
    { says: 'With a further name:', type: 'tls cert create -client -dc=eu -additional-dnsname=mesh.example' },
  ],
  flags: {
    additionalDnsname: listFlag('A further DNS name of the certificate.', 'name'),
    additionalIpaddress: listFlag('A further IP address of the certificate.', 'address'),
    ca: textFlag('File with the certificate of the CA.', 'file', '#DOMAIN#-agent-ca.pem'),
    cli: switchFlag('For the command line.'),
    client: switchFlag('For a client agent.'),
    days: numberFlag('How many days it is valid.', 365),
    dc: textFlag('Datacenter of the agent.', 'name', 'dc1'),
    domain: textFlag('Domain of the agents.', 'domain', 'consul'),
    key: textFlag('File with the private key of the CA.', 'file', '#DOMAIN#-agent-ca-key.pem'),
    node: textFlag('With -server: name of the node, for a name of its own.', 'name'),
    server: switchFlag('For a server. Whoever has it may act as one.'),
  },
  maxArgs: 0,
  reachesAgent: false,
  run: async ({ flags, io }) => {
    const roles = ROLES.filter((role) => flags[role]);
    const [role] = roles;
    if (role === undefined || roles.length > 1)
      return refuse(io, 'Please provide exactly one of the flags -server, -client and -cli');
    const { daysProblem, makeAgentCertificate, writeNewFiles } = await import('../tls/index.js');
    const wrongDays = daysProblem(flags.days);
    if (wrongDays !== undefined) return refuse(io, wrongDays);
    if (flags.node !== '' && role !== 'server') return refuse(io, '-node requires -server');
    const badHost = [flags.dc, flags.domain, ...flags.additionalDnsname, flags.node || 'n'].find(
      (name) => !HOST.test(name),
    );
    if (badHost !== undefined) return refuse(io, `"${badHost}" is not a host name`);
    const badAddress = flags.additionalIpaddress.find((address) => isIP(address) === 0);
    if (badAddress !== undefined) return refuse(io, `"${badAddress}" is not an IP address`);
    const ca = { certificate: withDomain(flags.ca, flags.domain), key: withDomain(flags.key, flags.domain) };
    const texts: string[] = [];
    for (const name of [ca.certificate, ca.key])
      try {
        texts.push(readFileSync(resolve(io.cwd, name), 'utf8'));
      } catch (thrown) {
        return refuse(io, `Error reading CA: ${fileProblem(thrown, name)}`);
      }
    const [caPem = '', caKeyPem = ''] = texts;
    const own = `${role}.${flags.dc}.${flags.domain}`;
    try {
      const made = await makeAgentCertificate({
        caPem,
        caKeyPem,
        days: flags.days,
        isAgent: role !== 'cli',
        dnsNames: [
          own,
          ...(flags.node === '' ? [] : [`${flags.node}.${own}`]),
          ...flags.additionalDnsname,
          'localhost',
        ],
        ipAddresses: [...flags.additionalIpaddress, ...(role === 'cli' ? [] : ['127.0.0.1'])],
      });
      const stem = freeStem(io.cwd, `${flags.dc}-${role}-${flags.domain}`);
      writeNewFiles(io.cwd, [
        { name: `${stem}.pem`, text: made.certificatePem, secret: false },
        { name: `${stem}-key.pem`, text: made.privateKeyPem, secret: true },
      ]);
      if (role === 'server') io.out(WARNING);
      io.out(`==> Using ${ca.certificate} and ${ca.key}\n==> Saved ${stem}.pem\n==> Saved ${stem}-key.pem\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Error creating certificate', thrown);
    }
  },
});

const WARNING = `==> WARNING: whoever has the certificate of a server may act as one and read the whole state.
    Keep it on that server, and never give it to clients.
`;

const withDomain = (name: string, domain: string): string => name.replaceAll('#DOMAIN#', domain);

/** The first number of which neither file is there. */
function freeStem(folder: string, prefix: string): string {
  for (let number = 0; ; number++) {
    const stem = `${prefix}-${number}`;
    if (!existsSync(resolve(folder, `${stem}.pem`)) && !existsSync(resolve(folder, `${stem}-key.pem`))) return stem;
  }
}
