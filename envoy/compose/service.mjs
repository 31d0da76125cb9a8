// A tiny HTTP service that says who it is, and what the service behind it said: node service.mjs NAME PORT [UPSTREAM_URL]
import { createServer } from 'node:http';

const [name, port, upstream] = process.argv.slice(2);

const server = createServer(async (request, response) => {
  if (!upstream) {
    response.end(`${name}\n`);
    return;
  }
  try {
    const answer = await fetch(upstream + request.url);
    response.statusCode = answer.status;
    response.end(`${name} <- ${await answer.text()}`);
  } catch (error) {
    response.statusCode = 502;
    response.end(`${name}: the service behind it did not answer (${error.cause?.code ?? error.message})\n`);
  }
});

server.listen(Number(port), () => console.log(`${name} listens on port ${port}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
