import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, httpCall, pause, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import { History, KeyClient, type Seen, workOnKeys } from '../support/history/index.js';
import { seededRandom } from '../state/support/seeded-random.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const KILLS = 4;
const CLIENTS = 4;
/** Operations between two kills. */
const ENOUGH_A_ROUND = 100;
/** Keys that are written, compared and deleted, and keys that are locked. */
const PLAIN = ['plain/0', 'plain/1'];
const LOCKS = ['lock/0', 'lock/1'];
const TTL_MS = 1000;

/** A server on a disk, which can be killed and started again. */
async function durableServer(rig: Rig) {
  const port = await freePort();
  const config = join(rig.folder, 'agent.json');
  writeFileSync(config, JSON.stringify({ connect: { enabled: false }, session_ttl_min: `${TTL_MS}ms` }));
  const doors = { '-http-port': port, '-grpc-port': -1, '-grpc-tls-port': -1, '-dns-port': -1 };
  const args = [MAIN, 'agent', '-server', '-data-dir', join(rig.folder, 'data'), '-node', 'n1', '-config-file', config];
  let running: RigProcess | undefined;
  const start = async (): Promise<void> => {
    const started = rig.start('the server', process.execPath, [...args, ...Object.entries(doors).flat().map(String)]);
    running = started;
    await until('the server answers', async () => {
      started.assertRunning();
      // The node is there last: sessions need it.
      return (await httpCall({ port, path: '/v1/catalog/node/n1' })).text.includes('"n1"');
    });
  };
  await start();
  return { port, start, kill: async () => running?.kill() };
}

test(`keys and locks keep their promises while the server is killed ${KILLS} times`, async () => {
  const seed = Number(process.env['HISTORY_SEED'] ?? Math.floor(Math.random() * 1e9));
  const random = seededRandom(seed);
  const rig = new Rig();
  onTestFinished(() => rig.close());
  const server = await durableServer(rig);
  const history = new History();
  const [working, following] = [new AbortController(), new AbortController()];
  const clients = Array.from({ length: CLIENTS + 1 }, () => new KeyClient(history, () => server));
  const [reader, ...workers] = clients as [KeyClient, ...KeyClient[]];

  const work = workers.map((client, at) =>
    workOnKeys(
      client,
      { plain: PLAIN, locks: LOCKS, ttlMs: TTL_MS },
      `c${at}`,
      seededRandom(seed + at),
      working.signal,
    ),
  );
  const last = new Map<string, Seen>();
  const indexes = new Map<string, number[]>();
  const follow = [...PLAIN, ...LOCKS].map(async (key) => {
    const follower = new KeyClient(history, () => server);
    clients.push(follower);
    for await (const { index, seen } of follower.follow(key, following.signal)) {
      last.set(key, seen);
      indexes.set(key, [...(indexes.get(key) ?? []), index]);
    }
  });
  /** On a busy machine that takes longer than the pause. */
  const muchWasDone = async (round: number): Promise<void> => {
    await until('enough to have happened', () => history.size > round * ENOUGH_A_ROUND);
  };
  for (let kill = 0; kill < KILLS; kill += 1) {
    await pause(500 + random() * 700);
    await muchWasDone(kill + 1);
    await server.kill();
    await server.start();
  }
  await pause(500);
  await muchWasDone(KILLS + 1);
  working.abort();
  await Promise.all(work);

  // Sessions that were left to their TTL end; then nothing changes any more, and who follows a key has seen it all.
  await pause(2 * TTL_MS);
  for (const key of [...PLAIN, ...LOCKS]) {
    const final = await reader.read(key);
    await until(
      `the follower of ${key} saw its end (seed ${seed})`,
      () => last.get(key)?.modifyIndex === final?.modifyIndex,
      5000,
    );
  }
  following.abort();
  await Promise.all(follow);
  for (const client of clients) client.close();

  for (const key of history.keys) {
    expect(history.linearizable(key), `${key}, seed ${seed}`).toEqual({ ok: true });
    expect(history.contradictions(key), `${key}, seed ${seed}`).toEqual([]);
    const seen = indexes.get(key) ?? [];
    expect(seen, `indexes of ${key}, seed ${seed}`).toEqual([...seen].sort((left, right) => left - right));
  }
});
