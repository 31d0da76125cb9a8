import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { createUdpProbe } from '../../../src/agent/checks/udp.js';
import { systemClock } from '../../../src/core/index.js';
import { definitionOf, look } from './support/probe.js';

let socket: Socket | undefined;
afterEach(() => {
  socket?.close();
  socket = undefined;
});

async function listen(answers: boolean): Promise<number> {
  const opened = createSocket('udp4');
  socket = opened;
  await new Promise<void>((resolve) => opened.bind(0, '127.0.0.1', resolve));
  if (answers) opened.on('message', (_message, from) => opened.send('hello', from.port, from.address));
  return opened.address().port;
}
const check = (target: string, timeoutMs?: number) =>
  look(createUdpProbe(definitionOf({ UDP: target }), systemClock), timeoutMs);

describe('a UDP check', () => {
  test('passes when an answer comes', async () => {
    const target = `localhost:${await listen(true)}`;
    expect(await check(target)).toEqual({ status: 'passing', output: `UDP connect ${target}: Success` });
  });

  test('passes when nothing comes back, as most servers do', async () => {
    const port = await listen(false);
    expect(await check(`127.0.0.1:${port}`, 100)).toMatchObject({ status: 'passing' });
  });

  test('is critical when the machine refuses the datagram', async () => {
    const port = await listen(false);
    socket?.close();
    socket = undefined;
    expect(await check(`127.0.0.1:${port}`)).toMatchObject({
      status: 'critical',
      output: `dial udp 127.0.0.1:${port}: connection refused`,
    });
  });

  test.each(['nowhere', ':0', 'a:b', '127.0.0.1:70000', 'name with space:1'])(
    'of the address %s is critical and says so',
    async (target) => {
      expect(await check(target)).toEqual({
        status: 'critical',
        output: `dial udp ${target}: the address must be host:port`,
      });
    },
  );
});
