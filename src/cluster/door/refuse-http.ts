import type { ServerResponse } from 'node:http';

/** Answers with a sentence and closes the connection. */
export function refuseHttp(response: ServerResponse, status: number, sentence: string): void {
  const body = Buffer.from(sentence);
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    Connection: 'close',
  });
  response.end(body);
}
