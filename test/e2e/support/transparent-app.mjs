// An application in a network namespace of the transparent mesh: `transparent-app.mjs <who> http|tcp`. It serves at port 8080, and makes
// the calls that its parent sends it by message, { url } or { host, port }; the answer is a message of what it saw.
import { createServer, get } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';

const PORT = 8080;
const LIMIT_MS = 3000;
const [, , who, kind] = process.argv;

/** As whom the sidecar knew the caller; empty without a certificate. */
const callerOf = ({ headers }) => /URI=[^;]*\/svc\/([^;]*)/.exec(headers['x-forwarded-client-cert'] ?? '')?.[1] ?? '';

function serve() {
  if (kind === 'http') {
    const answer = (request, response) => response.end(JSON.stringify({ who, caller: callerOf(request) }));
    createServer(answer).listen(PORT, '::');
    return;
  }
  // Speaks first, as databases do.
  createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.end(who);
  }).listen(PORT, '0.0.0.0');
}

const callHttp = (url) =>
  new Promise((resolve) => {
    const call = get(url, { timeout: LIMIT_MS, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
      answer.on('error', (error) => resolve({ error: error.code ?? error.message }));
    });
    call.on('timeout', () => call.destroy(new Error('timeout')));
    call.on('error', (error) => resolve({ error: error.code ?? error.message }));
  });

const callTcp = (host, port) =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect({ host, port });
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('timeout')));
    socket.on('data', (part) => (text += part));
    socket.on('error', (error) => resolve({ error: error.code ?? error.message }));
    socket.on('end', () => {
      socket.destroy();
      resolve({ text });
    });
  });

process.on('message', ({ url, host, port }) => {
  void (url === undefined ? callTcp(host, port) : callHttp(url)).then((seen) => process.send(seen));
});
process.on('disconnect', () => process.exit());
serve();
