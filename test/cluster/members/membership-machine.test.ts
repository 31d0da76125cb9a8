import { describe, expect, it } from 'vitest';
import { type LiveFacts, MembershipMachine } from '../../../src/cluster/members/membership-machine.js';
import type { MemberRecord } from '../../../src/model/index.js';

const HOUR_MS = 3_600_000;
const START = 1_000_000_000;
const settings = { graceMs: 2500, firstGraceMs: 10_000, reconnectTimeoutMs: 72 * HOUR_MS, leftTimeoutMs: 24 * HOUR_MS };
const facts = {
  node: 'web',
  id: 'i',
  address: 'a',
  port: 1,
  role: 'client',
  tags: { x: '1' },
  reconnectTimeoutMs: 0,
} as const;

const record = (more: Partial<MemberRecord> = {}) =>
  new Map<string, MemberRecord>([
    ['web', { ...facts, status: 'alive', sinceMs: START, createIndex: 1, modifyIndex: 1, ...more }],
  ]);
const alive = (more: Partial<LiveFacts> = {}) =>
  new Map<string, LiveFacts>([['web', { ...facts, heldSinceMs: START, ...more }]]);
const nobody = new Map<string, never>();
const fine = (): boolean => true;

/** What the machine says at each moment (ms after the start) about members without a heartbeat. */
function saysOf(
  machine: MembershipMachine,
  records: ReadonlyMap<string, MemberRecord>,
  at: readonly number[],
): string[] {
  return at.map((ms) =>
    machine
      .look(records, nobody, START + ms, fine)
      .map(({ kind }) => kind)
      .join(),
  );
}

describe('a member', () => {
  it('that is seen for the first time lives', () => {
    expect(new MembershipMachine(settings, START).look(new Map(), alive(), START, fine)).toEqual([
      { kind: 'alive', key: 'web' },
    ]);
  });

  it('that goes on living is no news, until something about it changes', () => {
    const machine = new MembershipMachine(settings, START);
    expect(machine.look(record(), alive(), START, fine)).toEqual([]);
    for (const change of [{ address: 'b' }, { port: 2 }, { id: 'j' }, { tags: {} }, { tags: { x: '2' } }])
      expect(machine.look(record(), alive(change), START, fine)).toEqual([{ kind: 'alive', key: 'web' }]);
  });

  it('whose node is not as it must be in the catalog is put there again', () => {
    const machine = new MembershipMachine(settings, START);
    expect(machine.look(record(), alive(), START, () => false)).toEqual([{ kind: 'alive', key: 'web' }]);
  });

  it('fails when it is without a heartbeat for longer than the grace, and not before', () => {
    const machine = new MembershipMachine(settings, START - HOUR_MS);
    expect(saysOf(machine, record(), [0, 1000, 2499, 2500])).toEqual(['', '', '', 'failed']);
  });

  it('that is back within the grace has not failed, and is given all of it the next time', () => {
    const machine = new MembershipMachine(settings, START - HOUR_MS);
    expect(saysOf(machine, record(), [0, 2000])).toEqual(['', '']);
    expect(machine.look(record(), alive(), START + 2400, fine)).toEqual([]);
    expect(saysOf(machine, record(), [2500, 4900, 5000])).toEqual(['', '', 'failed']);
  });

  it('of before a restart is given time to find a server', () => {
    const machine = new MembershipMachine(settings, START);
    expect(saysOf(machine, record(), [0, 5000, 9999, 10_000])).toEqual(['', '', '', 'failed']);
  });

  it('that has failed is forgotten after reconnect_timeout: its own, or the servers’', () => {
    const machine = new MembershipMachine(settings, START);
    const failed = record({ status: 'failed' });
    expect(saysOf(machine, failed, [71 * HOUR_MS, 72 * HOUR_MS])).toEqual(['', 'forgotten']);
    const brief = record({ status: 'failed', reconnectTimeoutMs: 8 * HOUR_MS });
    expect(saysOf(machine, brief, [8 * HOUR_MS - 1, 8 * HOUR_MS])).toEqual(['', 'forgotten']);
  });

  it('that has left is listed for a day', () => {
    const machine = new MembershipMachine(settings, START);
    expect(saysOf(machine, record({ status: 'left' }), [24 * HOUR_MS - 1, 24 * HOUR_MS])).toEqual(['', 'forgotten']);
  });

  it('that has failed or left lives again when it comes back', () => {
    const machine = new MembershipMachine(settings, START);
    for (const status of ['failed', 'left'] as const)
      expect(machine.look(record({ status }), alive({ heldSinceMs: START + 1 }), START + 1, fine)).toEqual([
        { kind: 'alive', key: 'web' },
      ]);
  });

  it('that has left is not taken for alive by a trace of the heartbeat before', () => {
    const machine = new MembershipMachine(settings, START);
    const left = record({ status: 'left', sinceMs: START + 1000 });
    expect(machine.look(left, alive({ heldSinceMs: START }), START + 2000, fine)).toEqual([]);
    // Clocks of servers differ: after half a minute a heartbeat that is still there is a real one.
    expect(machine.look(left, alive({ heldSinceMs: START }), START + 31_001, fine)).toEqual([
      { kind: 'alive', key: 'web' },
    ]);
  });
});
