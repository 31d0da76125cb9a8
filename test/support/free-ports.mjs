// Ports for servers of tests. Several processes look for some at a time: each keeps blocks of its own, by listening on a block's first port for as
// long as it lives, so that none is given what another has found and not yet taken.
import { createServer } from 'node:net';

/** Below the ports that systems give to outgoing connections, and where no recorded scenario names a port of its own. */
const FIRST = 27_000;
const BLOCK = 125;
const BLOCKS = 40;

/** Blocks of this process: the port that is looked at next, and where it ends. */
const blocks = [];
let turn = 0;

/**
 * A port that nobody listens on, on any address of this machine, and that no other process is given while this one lives; the same again only after
 * some hundred others. Rejects when all are taken.
 */
export async function freePort() {
  for (let tries = BLOCK * BLOCKS; tries > 0; tries--) {
    const block = blocks[turn % Math.max(1, blocks.length)] ?? (await takeBlock());
    const port = block.next++;
    if (block.next >= block.end) {
      block.next = block.first;
      turn++;
    }
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '0.0.0.0'))) return port;
  }
  throw new Error(`no port between ${FIRST} and ${FIRST + BLOCK * BLOCKS} is free`);
}

async function takeBlock() {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const port = FIRST + BLOCK * ((start + i) % BLOCKS);
    const marker = await listening(port, '127.0.0.1');
    if (marker === undefined) continue;
    marker.unref();
    const block = { first: port + 1, next: port + 1, end: port + BLOCK };
    blocks.push(block);
    return block;
  }
  throw new Error(`other processes hold all ports between ${FIRST} and ${FIRST + BLOCK * BLOCKS}`);
}

/** Whether a server could listen there. */
export async function isFree(port, host) {
  const server = await listening(port, host);
  if (server) await new Promise((resolve) => server.close(resolve));
  return server !== undefined;
}

function listening(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}
