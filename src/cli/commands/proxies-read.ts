import { columns } from '../columns.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { choiceFlag, textFlag } from '../flags/flag.js';
import { type AgentClient, segment } from '../http/agent-client.js';
import { asList, asRecord, asText, printJson } from '../json.js';
import { proxyView, type ProxyView } from './proxy-view.js';

/** `proxies read`: one proxy, its resources, what it refused and why. */
export const proxiesRead = defineCommand({
  usage: '[options] PROXY_ID',
  about: 'Shows one proxy: each of its resources, how far it has come, and what it refused and why.',
  examples: [{ says: 'The sidecar of web:', type: 'proxies read web-sidecar-proxy' }],
  flags: {
    format: choiceFlag('How to print it.', ['pretty', 'json'], 'pretty'),
    node: textFlag('Node of the proxy. The default is the only one that has it, else the node of the agent.'),
  },
  maxArgs: 1,
  reachesAgent: true,
  run: async ({ agent, args: [id], flags, io }) => {
    if (id === undefined) return refuse(io, 'Name the proxy, as `meshwright proxies` lists it.');
    try {
      const node = flags.node || (await nodeOf(agent, id));
      const answer = await agent.get(`/v1/mesh/proxies/${segment(node)}/${segment(id)}`);
      io.out(flags.format === 'json' ? `${printJson(answer, '    ')}\n` : shown(proxyView(answer)));
      return 0;
    } catch (thrown) {
      return failure(io, `Error reading the proxy "${id}"`, thrown);
    }
  },
});

async function nodeOf(agent: AgentClient, id: string): Promise<string> {
  const found = asList(await agent.get('/v1/mesh/proxies'))
    .map(proxyView)
    .filter((one) => one.id === id);
  if (found.length === 1) return found[0]?.node ?? '';
  return asText(asRecord(asRecord(await agent.get('/v1/agent/self'))['Config'])['NodeName']);
}

function shown(proxy: ProxyView): string {
  return [
    columns([
      ['Proxy:', proxy.id],
      ['Node:', proxy.node],
      ['Service:', proxy.service],
      ['State:', proxy.state],
      ['Envoy:', proxy.version],
      ['Index:', `${proxy.acceptedIndex}${proxy.pending ? ' (something newer is pending)' : ''}`],
    ]),
    ...proxy.problems.map((problem) => `Problem: ${problem}\n`),
    ...(proxy.revocation === undefined
      ? []
      : [
          `Revocation pending: ${asText(proxy.revocation['Reason'])}; connections end ${asText(proxy.revocation['EndsAt']) || "at the Envoy's own drain time, which is not known here"}\n`,
        ]),
    '\n',
    columns([
      ['Type', 'Name', 'State', 'From'],
      ...proxy.resources.map((one) => [one.type, one.name, one.progress, one.entries.join(', ')]),
    ]),
    ...proxy.resources
      .filter(({ error }) => error !== '')
      .map((one) => `\n${one.type} ${one.name} was refused: ${one.error}\n`),
  ].join('');
}
