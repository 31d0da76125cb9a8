import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { asRecord, asText } from '../json.js';
import type { AgentClient } from '../http/agent-client.js';
import { type ConfiguredPort, fine, type InstallationCheck, problem, skipped, warning } from './installation-check.js';

export const UNNAMED = skipped('name the configuration of the agent with -config-file to have it looked at');

/** The configuration of the agent on this machine. */
export const configurationChecks: readonly InstallationCheck[] = [
  {
    id: 'port-taken',
    about: 'The ports of the configuration are free, or in the hands of this agent',
    fix: 'Stop the program that has the port (`ss -lntup` shows it), or choose another port in the configuration.',
    async run({ agent, configuration }) {
      const configured = await configuration();
      if (!configured) return UNNAMED;
      if ((await nodeOf(agent)) === configured.nodeName) return fine;
      const problems: string[] = [];
      for (const port of configured.ports) {
        const why = await whyClosed(port);
        if (why !== undefined)
          problems.push(`${port.option}: ${port.address} ${port.port}${port.isUdp ? ' (UDP)' : ''} ${why}`);
      }
      return problems.length === 0 ? fine : problem(problems.join('; '));
    },
  },
  {
    id: 'option-without-effect',
    about: 'Every option of the configuration has an effect',
    fix: 'Take the options out that are named, or see docs/configuration.md for what there is instead.',
    async run({ configuration }) {
      const configured = await configuration();
      if (!configured) return UNNAMED;
      return configured.withoutEffect.length === 0 ? fine : warning(`none has ${configured.withoutEffect.join(', ')}`);
    },
  },
];

/** The node of the agent that answers; undefined where none does. */
async function nodeOf(agent: AgentClient): Promise<string | undefined> {
  try {
    return asText(asRecord(asRecord(await agent.get('/v1/agent/self'))['Config'])['NodeName']);
  } catch {
    return undefined;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken',
  EACCES: 'may not be opened by this user',
  EADDRNOTAVAIL: 'is no address of this machine',
};

/** Opens it for a moment. Undefined = it is free. */
function whyClosed({ address, port, isUdp }: ConfiguredPort): Promise<string | undefined> {
  return new Promise((resolve) => {
    const failed = ({ code = '', message }: NodeJS.ErrnoException): void =>
      resolve(WORDS[code] ?? `cannot be opened: ${message}`);
    if (isUdp) {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      socket.once('error', (error) => {
        socket.close();
        failed(error);
      });
      socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
    } else {
      const server = createServer();
      server.once('error', failed);
      server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
    }
  });
}
