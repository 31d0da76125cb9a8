import { describe, expect, it } from 'vitest';
import { ServerChoice } from '../../../src/cluster/link/server-choice.js';
import { peerOf } from '../support/server-peer.js';

/** Numbers by chance that are the same each time. */
function dice(): () => number {
  let at = 0;
  return () => ((at += 7) % 10) / 10;
}

function choiceOf(...servers: ReturnType<typeof peerOf>[]): ServerChoice {
  const choice = new ServerChoice(dice());
  choice.learn(servers);
  return choice;
}

const namesOf = (servers: readonly { readonly name: string }[]): string[] => servers.map(({ name }) => name);

describe('which server an agent turns to', () => {
  it('is the one that it names first, then the others, those that drain behind, and the avoided one last', () => {
    const choice = choiceOf(peerOf('a', true), peerOf('b'), peerOf('c'), peerOf('d'));
    for (let round = 0; round < 5; round += 1) {
      const order = namesOf(choice.inOrder('id-c', 'id-d'));
      expect(order).toEqual(['c', 'b', 'a', 'd']);
    }
  });

  it('is by chance where nothing speaks for one', () => {
    const choice = choiceOf(peerOf('a'), peerOf('b'), peerOf('c'));
    const firsts = new Set(Array.from({ length: 20 }, () => choice.inOrder(undefined)[0]?.name));
    expect(firsts).toEqual(new Set(['a', 'b', 'c']));
  });

  it('is drawn among those that do not drain', () => {
    const choice = choiceOf(peerOf('a', true), peerOf('b'), peerOf('c', true));
    expect(new Set(Array.from({ length: 10 }, () => choice.draw()?.name))).toEqual(new Set(['b']));
    expect(choiceOf(peerOf('a', true)).draw()).toBeUndefined();
  });
});

describe('a server that drains', () => {
  it('counts as draining only where there is another one to turn to', () => {
    expect(choiceOf(peerOf('a', true)).isDraining(peerOf('a'))).toBe(false);
    expect(choiceOf(peerOf('a', true), peerOf('b', true)).isDraining(peerOf('a'))).toBe(false);
    expect(choiceOf(peerOf('a', true), peerOf('b')).isDraining(peerOf('a'))).toBe(true);
  });

  it('is told once to the streams at it, and to no others', () => {
    const choice = choiceOf(peerOf('a'), peerOf('b'));
    const told: string[] = [];
    choice.leaving$(peerOf('a')).subscribe(() => told.push('a'));
    choice.leaving$(peerOf('b')).subscribe(() => told.push('b'));
    choice.learn([peerOf('a', true), peerOf('b')]);
    choice.learn([peerOf('a', true), peerOf('b')]);
    expect(told).toEqual(['a']);
    choice.leaveAll();
    expect(told).toEqual(['a', 'a', 'b']);
  });
});

it('a server that is not named any more is gone, and so is one that has moved from its address', () => {
  const choice = choiceOf(peerOf('a'), peerOf('b'), peerOf('c'));
  expect(choice.learn([peerOf('a'), { ...peerOf('b'), address: 'b:9999' }])).toEqual(['b:8300', 'c:8300']);
});
