import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { takeOut } from '../../../src/cluster/etcd-members/index.js';
import { EtcdError } from '../../../src/state/backend/etcd/client/index.js';
import { ManualClock } from '../../state/support/manual-clock.js';

const failed = (code: status, text: string): EtcdError => new EtcdError(code, `etcdserver: ${text}`, 'one:2379');

/** Takes a member out of an etcd that answers one after the other; undefined = it did it. Returns how often it was asked. */
async function take(answers: (EtcdError | undefined)[]): Promise<number> {
  const clock = new ManualClock();
  let asked = 0;
  let isDone = false;
  const changeMembers = async (): Promise<never> => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    if (answer) throw answer;
    return {} as never;
  };
  const taken = takeOut({ id: '1' }, { client: { changeMembers }, clock }).finally(() => (isDone = true));
  taken.catch(() => undefined);
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(300);
  }
  await taken;
  return asked;
}

describe('an etcd member that is taken out', () => {
  it('is asked for again while a leader is elected, or the others have not been in touch for long enough', async () => {
    const answers = [
      failed(status.UNAVAILABLE, 'unhealthy cluster'),
      failed(status.UNAVAILABLE, 'leader changed'),
      undefined,
    ];
    expect(await take(answers)).toBe(3);
  });

  it('is out when it is gone after an attempt of which nobody knew the outcome', async () => {
    const lost = failed(status.DEADLINE_EXCEEDED, 'request timed out');
    expect(await take([lost, failed(status.NOT_FOUND, 'member not found')])).toBe(2);
  });

  it('is none when there never was one, or etcd refuses', async () => {
    await expect(take([failed(status.NOT_FOUND, 'member not found')])).rejects.toThrow('member not found');
    await expect(take([failed(status.PERMISSION_DENIED, 'permission denied')])).rejects.toThrow('permission denied');
  });

  it('is given up with what etcd said last after ten seconds', async () => {
    await expect(take([failed(status.UNAVAILABLE, 'no leader')])).rejects.toThrow('no leader');
  });
});
