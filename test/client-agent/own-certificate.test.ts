import { describe, expect, it } from 'vitest';
import { createOwnCertificate } from '../../src/client-agent/index.js';
import type { ServerLink } from '../../src/cluster/index.js';
import { AppError } from '../../src/core/index.js';
import { ManualClock } from '../state/support/manual-clock.js';

type Answer = Awaited<ReturnType<ServerLink['certify']>>;

const HOUR_MS = 3_600_000;
const issued = (version: string, renewInMs: number): Answer => ({
  ...{ certificatePem: `cert ${version}`, privateKeyPem: `key ${version}`, version, renewInMs },
});
const stillGood = (version: string, renewInMs: number): Answer => ({
  ...{ certificatePem: '', privateKeyPem: '', version, renewInMs },
});

/** A certificate whose servers answer one after the other, the last answer again and again. */
function open(answers: (Answer | AppError)[]) {
  const clock = new ManualClock();
  const [warnings, had]: [string[], string[]] = [[], []];
  const own = createOwnCertificate({
    link: {
      certify: async ({ have }) => {
        had.push(have);
        const answer = answers[Math.min(had.length, answers.length) - 1] as Answer | AppError;
        if (answer instanceof AppError) throw answer;
        return answer;
      },
    },
    names: ['localhost'],
    clock,
    warn: (message) => warnings.push(message),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(500);
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  let changes = 0;
  own.onChange(() => (changes += 1));
  return { own, pass, warnings, had, changes: () => changes };
}

describe('the certificate of a client agent', () => {
  it('is asked for until there is one; that no server is there is not its matter', async () => {
    const away = new AppError('unavailable', 'No known Consul servers');
    const { own, pass, warnings } = open([away, away, issued('v1', HOUR_MS)]);
    expect(() => own.current()).toThrow('have not yet given this agent a certificate');
    await pass(2500);
    await own.ready;
    expect(own.current()).toMatchObject({ certPem: 'cert v1', privateKeyPem: 'key v1' });
    expect(warnings).toEqual([]);
    own.close();
  });

  it('is replaced in time, and stays while no server answers', async () => {
    const away = new AppError('unavailable', 'No known Consul servers');
    const { own, pass, changes } = open([issued('v1', 10_000), away, away, issued('v2', HOUR_MS)]);
    await pass(9000);
    expect(changes()).toBe(1);
    await pass(1500);
    expect(own.current()).toMatchObject({ certPem: 'cert v1' });
    await pass(4000);
    expect(own.current()).toMatchObject({ certPem: 'cert v2' });
    expect(changes()).toBe(2);
    own.close();
  });

  it('is another within a minute when the authority has another root', async () => {
    const { own, pass, had, changes } = open([issued('v1', HOUR_MS), stillGood('v1', HOUR_MS), issued('v2', HOUR_MS)]);
    await pass(61_000);
    expect([own.current().certPem, changes()]).toEqual(['cert v1', 1]);
    await pass(60_000);
    expect([own.current().certPem, changes()]).toEqual(['cert v2', 2]);
    expect(had).toEqual(['', 'v1', 'v1']);
    own.close();
  });

  it('that servers refuse is told once', async () => {
    const { own, pass, warnings, had } = open([
      new AppError('permissionDenied', 'this server gives agents no certificates'),
    ]);
    await pass(20_000);
    expect(had.length).toBeGreaterThan(3);
    expect(warnings).toEqual([
      'the TLS ports of this agent have no certificate of the servers: this server gives agents no certificates',
    ]);
    own.close();
    const asked = had.length;
    await pass(60_000);
    expect(had).toHaveLength(asked);
  });
});
