import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { answerQuestions } from '../child.js';

/** The floors: bare node:http that answers given bytes (after reading the body, if there is one), and a bare dgram echo. */

let answer: { readonly status: number; readonly headers: Record<string, string>; readonly body: Buffer } = {
  status: 200,
  headers: {},
  body: Buffer.alloc(0),
};
let parked = false;

answerQuestions(async (question) => {
  if (question.op === 'http') {
    const server = createServer((request, response) => {
      if (parked) return;
      const reply = (): void => {
        response.writeHead(answer.status, answer.headers);
        response.end(answer.body);
      };
      if (request.method === 'GET') reply();
      else request.on('data', () => undefined).on('end', reply);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 8_192, resolve));
    const at = server.address();
    return { port: typeof at === 'object' && at ? at.port : 0 };
  }
  if (question.op === 'answer') {
    answer = {
      status: question.status as number,
      headers: Object.fromEntries(question.headers as [string, string][]),
      body: Buffer.from(String(question.body), 'base64'),
    };
    return {};
  }
  if (question.op === 'park') {
    parked = question.on === true;
    return {};
  }
  if (question.op === 'echo') {
    const socket = createSocket('udp4');
    socket.on('message', (packet, from) => socket.send(packet, from.port, from.address));
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return { port: socket.address().port };
  }
  throw new Error(`unknown question ${String(question.op)}`);
});
