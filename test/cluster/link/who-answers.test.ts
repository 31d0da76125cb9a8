import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { whoAnswers } from '../../../src/cluster/link/who-answers.js';

it('names the addresses at which a connection is taken, in their order', async () => {
  const servers = [createServer(), createServer()];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  }
  const [one, two] = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`) as [string, string];
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const nobody = `127.0.0.1:${(closed.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => void closed.close(() => resolve()));
  expect(await whoAnswers([two, nobody, 'no address', one])).toEqual([two, one]);
  expect(await whoAnswers([])).toEqual([]);
});
