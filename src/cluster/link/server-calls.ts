import { AppError } from '../../core/index.js';
import type { Measured } from '../../discovery/coordinates/index.js';
import type { AdsOptions, AdsRelay, LinkRequest, LinkResponse, ServerLink, ServerPeer } from '../contract.js';
import { callUnary } from '../wire/channel.js';
import { clusterService } from '../wire/cluster-api.js';
import { locate } from '../wire/locate.js';
import { openAdsRelay } from './ads-relay.js';
import { NotSent } from './http-relay.js';
import type { ServerChoice } from './server-choice.js';
import type { ServerConnections } from './server-connections.js';

const DNS_MS = 5000;
const CERTIFY_MS = 5000;
const MOST_SERVERS_TRIED = 3;

export interface ServerCallsParts {
  readonly nodeName: string;
  readonly choice: Pick<ServerChoice, 'inOrder' | 'leaving$'>;
  /** The id of the server that is asked first. */
  readonly first: () => string | undefined;
  /** Undefined while no server has let the agent in, and when the link is closed. */
  readonly connections: () => ServerConnections | undefined;
  /** Why no server is reached; empty where nobody knows. */
  readonly lastProblem: () => string;
}

/** What an agent asks of its servers: of one, and where that may be done again of the next. */
export class ServerCalls implements Pick<ServerLink, 'request' | 'dns' | 'measure' | 'certify' | 'openAds'> {
  readonly #parts: ServerCallsParts;

  constructor(parts: ServerCallsParts) {
    this.#parts = parts;
  }

  request(request: LinkRequest): Promise<LinkResponse> {
    return this.#attempt(
      undefined,
      (server, connections) => connections.http(server).send(request),
      (error) =>
        // A read may be sent again, whatever has become of the first.
        error instanceof NotSent || (request.method === 'GET' && error.code === 'unavailable'),
    );
  }

  dns(message: Uint8Array, from: Parameters<ServerLink['dns']>[1]): Promise<Buffer> {
    return this.#attempt(
      undefined,
      ({ address }, connections) => askDns(connections, address, { message, ...from }),
      (error) => error.code === 'unavailable',
    );
  }

  async measure({ address }: ServerPeer): Promise<Measured> {
    const connections = this.#parts.connections();
    if (connections === undefined) throw new AppError('unavailable', 'no server was joined yet');
    return locate(connections.client(address), address);
  }

  certify(request: Parameters<ServerLink['certify']>[0]): ReturnType<ServerLink['certify']> {
    const { nodeName } = this.#parts;
    return this.#attempt(
      undefined,
      ({ address }, connections) => {
        const call = { address, timeoutMs: CERTIFY_MS };
        return callUnary(connections.client(address), clusterService().Certify, { ...request, nodeName }, call);
      },
      // Another server may be newer, or nearer to its authority.
      (error) => error.code === 'unavailable' || error.code === 'unsupported',
    );
  }

  openAds(options: AdsOptions): Promise<AdsRelay> {
    return this.#attempt(
      options.avoid,
      async (server, connections) =>
        openAdsRelay(connections.client(server.address), server, options, this.#parts.choice.leaving$(server)),
      () => false,
    );
  }

  async #attempt<Result>(
    avoid: string | undefined,
    ask: (server: ServerPeer, connections: ServerConnections) => Promise<Result>,
    mayGoOn: (error: AppError) => boolean,
  ): Promise<Result> {
    const { choice, first, connections, lastProblem } = this.#parts;
    const servers = choice.inOrder(first(), avoid).slice(0, MOST_SERVERS_TRIED);
    let problem = new AppError('unavailable', `No known Consul servers: ${lastProblem() || 'none has answered yet'}`);
    for (const server of servers) {
      const open = connections();
      if (open === undefined) break;
      try {
        return await ask(server, open);
      } catch (thrown) {
        problem = AppError.from(thrown);
        if (!mayGoOn(problem)) break;
      }
    }
    throw problem;
  }
}

type DnsQuestion = { readonly message: Uint8Array } & Parameters<ServerLink['dns']>[1];

/** The answer of the server at an address to a DNS message. Throws AppError. */
async function askDns(connections: ServerConnections, address: string, question: DnsQuestion): Promise<Buffer> {
  const call = { address, timeoutMs: DNS_MS };
  const { message } = await callUnary(connections.client(address), clusterService().Dns, question, call);
  return Buffer.from(message);
}

/** Whether a server answers at an address: an empty DNS message is the least that can be asked. Throws AppError where none does. */
export async function knock(connections: ServerConnections, address: string): Promise<void> {
  await askDns(connections, address, { message: new Uint8Array(), tcp: false, clientAddress: '', settings: '' });
}
