import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayRemove, type SeenMember } from '../../../src/cluster/etcd-members/index.js';
import { nextChange, type ReplacementRules } from '../../../src/cluster/managed-etcd/replacement.js';

const rules: ReplacementRules = { cleanupDeadServers: true, deadAfterMs: 30_000, minQuorum: 0 };
const voter = (id: string, silentMs = 0): SeenMember => ({ id, name: id, isLearner: false, silentMs });
const learner = (id: string, silentMs = 0, name = id): SeenMember => ({ id, name, isLearner: true, silentMs });

describe('replacing a dead member', () => {
  it('removes it once a new server is there, and then lets the new one vote', () => {
    const members = [voter('a'), voter('b'), voter('c', 31_000), learner('d')];
    expect(nextChange(members, rules, false)).toMatchObject({ type: 'remove', member: { id: 'c' } });
    const left = members.filter(({ id }) => id !== 'c');
    expect(nextChange(left, rules, false)).toMatchObject({ type: 'promote', member: { id: 'd' } });
  });

  it('removes it also for a server that cannot become a learner before', () => {
    const members = [voter('a'), voter('b'), voter('c', 31_000)];
    expect(nextChange(members, rules, true)).toMatchObject({ type: 'remove', member: { id: 'c' } });
    expect(nextChange(members, rules, false)).toBeUndefined();
  });

  it('waits until it has been silent for long enough, and lets nobody vote meanwhile', () => {
    expect(nextChange([voter('a'), voter('b'), voter('c', 29_000), learner('d')], rules, true)).toBeUndefined();
  });

  it('lets a new server vote beside a silent one when dead servers are not to be cleaned up', () => {
    const members = [voter('a'), voter('b'), voter('c', 90_000), learner('d')];
    expect(nextChange(members, { ...rules, cleanupDeadServers: false }, true)).toMatchObject({ type: 'promote' });
  });

  it('keeps as many voters as min_quorum says', () => {
    const members = [voter('a'), voter('b'), voter('c', 90_000), learner('d')];
    expect(nextChange(members, { ...rules, minQuorum: 3 }, true)).toMatchObject({ type: 'promote' });
  });

  it('gives the place of a learner that never came to another', () => {
    const members = [voter('a'), voter('b'), learner('d', 31_000, '')];
    expect(nextChange(members, rules, false)).toMatchObject({ type: 'remove', member: { id: 'd' } });
  });

  it('never takes the majority away, whoever is silent', () => {
    const member = fc.record({
      isLearner: fc.boolean(),
      silentMs: fc.constantFrom(0, 1000, 40_000),
      name: fc.constantFrom('', 'x'),
    });
    fc.assert(
      fc.property(fc.array(member, { maxLength: 7 }), fc.boolean(), fc.nat(5), (drawn, waits, minQuorum) => {
        const members = drawn.map((each, at) => ({ ...each, id: String(at) }));
        const change = nextChange(members, { ...rules, minQuorum }, waits);
        if (change?.type !== 'remove' || change.member.isLearner) return;
        const left = members.filter(({ isLearner, id }) => !isLearner && id !== change.member.id);
        expect(left.filter(({ silentMs }) => silentMs === 0).length).toBeGreaterThan(left.length / 2);
        expect(left.length).toBeGreaterThanOrEqual(minQuorum);
        expect(change.member.silentMs).toBeGreaterThan(rules.deadAfterMs);
      }),
    );
  });

  it('does not let the last member go, nor one of two', () => {
    expect(mayRemove([voter('a')], voter('a'), rules)).toBe(false);
    expect(mayRemove([voter('a'), voter('b', 10)], voter('a'), rules)).toBe(false);
    expect(mayRemove([voter('a'), voter('b')], voter('a'), rules)).toBe(true);
  });
});
