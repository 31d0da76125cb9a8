import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface HttpCall {
  readonly port: number;
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Keeps connections; without it the call has one of its own. */
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One HTTP request, never repeated. Rejects when there is no complete answer. */
export function httpCall(call: HttpCall): Promise<HttpAnswer> {
  const { port, host = '127.0.0.1', method = 'GET', path = '/', headers = {}, agent, timeoutMs = 20_000 } = call;
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, method, path, headers, agent: agent ?? false }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', finish);
      response.on('close', () => {
        if (!response.complete) return finish(new Error('the answer broke off'));
        clearTimeout(timer);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(parts).toString('utf8'),
        });
      });
    });
    const finish = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => asked.destroy(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    asked.on('error', finish);
    asked.end(call.body);
  });
}
