import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { FlagError, listFlag, numberFlag, pairsFlag, textFlag, type Flag } from '../flags/flag.js';
import type { ServiceRegistration } from '../service-file.js';

interface TaggedAddress {
  readonly Address: string;
  readonly Port: number;
}

/** `services register`: from files, or one service from flags. */
export const servicesRegister = defineCommand({
  usage: '[options] [FILE…]',
  about:
    'Registers services with the agent, from definition files in HCL or JSON, or one service from flags. Services registered this way stay until they are deregistered.',
  examples: [
    { says: 'From a file:', type: 'services register web.hcl' },
    { says: 'From flags:', type: 'services register -name=web -port=8080 -tag=v1 -meta=version=1' },
  ],
  flags: {
    address: textFlag('Address of the service.'),
    id: textFlag('ID of the service. The default is its name.'),
    kind: textFlag('Kind of the service, e.g. mesh-gateway.'),
    meta: pairsFlag('Metadata of the service.'),
    name: textFlag('Name of the service.'),
    port: numberFlag('Port of the service.'),
    socket: textFlag('Path of the Unix socket of the service, instead of address and port.'),
    tag: listFlag('Tag of the service.'),
    taggedAddress: taggedAddressFlag(),
  },
  maxArgs: Number.MAX_SAFE_INTEGER,
  reachesAgent: true,
  run: async ({ agent, args, flags, io }) => {
    if (args.length === 0 && flags.name === '')
      return refuse(io, 'Service registration requires at least one argument or flags.');
    if (args.length > 0 && flags.name !== '')
      return refuse(io, 'Service registration requires arguments or -name, not both.');
    const registrations: ServiceRegistration[] = [];
    try {
      if (args.length === 0) registrations.push(fromFlags(flags));
      const { readServiceFile } = await import('../service-file.js');
      for (const name of args) registrations.push(...readServiceFile(name, io.cwd));
    } catch (thrown) {
      return failure(io, 'Error', thrown);
    }
    for (const { name, body } of registrations) {
      try {
        await agent.put('/v1/agent/service/register', body);
        io.out(`Registered service: ${name}\n`);
      } catch (thrown) {
        return failure(io, `Error registering service "${name}"`, thrown);
      }
    }
    return 0;
  },
});

function fromFlags(flags: {
  readonly address: string;
  readonly id: string;
  readonly kind: string;
  readonly meta: Readonly<Record<string, string>>;
  readonly name: string;
  readonly port: number;
  readonly socket: string;
  readonly tag: readonly string[];
  readonly taggedAddress: Readonly<Record<string, TaggedAddress>>;
}): ServiceRegistration {
  const body = {
    Name: flags.name,
    ...(flags.id === '' ? {} : { ID: flags.id }),
    ...(flags.kind === '' ? {} : { Kind: flags.kind }),
    ...(flags.address === '' ? {} : { Address: flags.address }),
    ...(flags.port === 0 ? {} : { Port: flags.port }),
    ...(flags.socket === '' ? {} : { SocketPath: flags.socket }),
    ...(flags.tag.length === 0 ? {} : { Tags: flags.tag }),
    ...(Object.keys(flags.meta).length === 0 ? {} : { Meta: flags.meta }),
    ...(Object.keys(flags.taggedAddress).length === 0 ? {} : { TaggedAddresses: flags.taggedAddress }),
  };
  return { id: flags.id || flags.name, name: flags.name, body };
}

/** `lan=10.0.0.1:80`; the port may be missing. */
function taggedAddressFlag(): Flag<Readonly<Record<string, TaggedAddress>>> {
  return {
    about: 'Tagged address of the service. Written name=address:port; may be given several times.',
    value: 'value',
    initial: {},
    read: (text, soFar) => {
      const at = text.indexOf('=');
      if (at < 0) throw new FlagError(`Missing "=" value in argument: ${text}`);
      const where = /^(.*?)(?::(\d{1,5}))?$/.exec(text.slice(at + 1));
      const address = (where?.[1] ?? '').replace(/^\[(.*)\]$/, '$1');
      return { ...soFar, [text.slice(0, at)]: { Address: address, Port: Number(where?.[2] ?? 0) } };
    },
  };
}
