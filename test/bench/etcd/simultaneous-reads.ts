import { connect, type Socket } from 'node:net';
import { requestBytes } from '../api/http-load.js';
import { answerQuestions } from '../child.js';

/** Many clients in a process of their own, who all ask in the same moment. */

const sockets: Socket[] = [];

const opened = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });

answerQuestions(async (question) => {
  if (question.op === 'open') {
    for (let at = 0; at < (question.count as number); at += 1) sockets.push(await opened(question.port as number));
    return {};
  }
  const request = requestBytes('GET', question.path as string);
  const from = performance.now();
  const answers = sockets.map(
    (socket) =>
      new Promise<void>((resolve, reject) => {
        socket.once('data', (head: Buffer) => {
          const line = head.toString('latin1', 0, 15);
          if (line.startsWith('HTTP/1.1 200')) resolve();
          else reject(new Error(line));
        });
      }),
  );
  for (const socket of sockets) socket.write(request);
  await Promise.all(answers);
  const ms = performance.now() - from;
  // What is left of the answers is read before the next round.
  await new Promise((resolve) => setTimeout(resolve, 200));
  return { ms };
});
