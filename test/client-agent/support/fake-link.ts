import { Readable } from 'node:stream';
import { BehaviorSubject, Subject } from 'rxjs';
import { AppError } from '../../../src/core/index.js';
import type { LinkRequest, LinkResponse, LinkState, ServerLink, ServerPeer } from '../../../src/cluster/index.js';
import type { TestEdge } from '../../edges/http/support/test-edge.js';

export const SERVER: ServerPeer = {
  id: 's1',
  name: 'server-1',
  address: '10.0.0.1:8301',
  version: '1.21.4',
  datacenter: 'dc1',
  draining: false,
  tags: {},
};

export type Answer = (request: LinkRequest & { readonly text: string }) => Promise<LinkResponse> | LinkResponse;

/** An answer of a server. */
export function response(
  status: number,
  body: string | Readable,
  headers: Readonly<Record<string, string>> = {},
): LinkResponse {
  return {
    status,
    rawHeaders: Object.entries(headers).flat(),
    body: typeof body === 'string' ? Readable.from(body === '' ? [] : [Buffer.from(body)]) : body,
    server: SERVER,
  };
}

/** A link whose server a test plays; it can be away. */
export class FakeLink implements Pick<ServerLink, 'request' | 'state$' | 'replaced$'> {
  readonly state$ = new BehaviorSubject<LinkState>({ kind: 'joined', server: SERVER });
  readonly replaced$ = new Subject<void>();
  readonly asked: string[] = [];
  readonly requests: LinkRequest[] = [];
  answer: Answer;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  up(): void {
    this.state$.next({ kind: 'joined', server: SERVER });
  }

  down(): void {
    this.state$.next({ kind: 'searching', problem: new AppError('unavailable', '10.0.0.1:8301 refuses connections') });
  }

  async request(request: LinkRequest): Promise<LinkResponse> {
    if (this.state$.value.kind !== 'joined')
      throw new AppError('unavailable', 'No known Consul servers: none has answered yet');
    this.asked.push(`${request.method} ${request.path}`);
    this.requests.push(request);
    const text = request.body === undefined ? '' : await textOf(request.body);
    return this.answer({ ...request, text });
  }
}

async function textOf(body: Uint8Array | Readable): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}

/** Answers with the API of a server in this process. */
export const answeredBy =
  (edge: TestEdge): Answer =>
  async ({ method, path, text, headers }) => {
    const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    const answer = await edge.ask(`${method} ${path}`, { headers: flat, ...(text === '' ? {} : { body: text }) });
    return response(answer.status, answer.text, answer.headers);
  };
