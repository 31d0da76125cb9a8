import { expect, it } from 'vitest';
import { LinkStanding } from '../../../src/cluster/link/link-standing.js';
import { AppError } from '../../../src/core/index.js';
import { peerOf } from '../support/server-peer.js';

function open() {
  const [said, states]: [string[], string[]] = [[], []];
  const say = (_: object, message: string): void => void said.push(message);
  const standing = new LinkStanding({ info: say, warn: say });
  standing.state$.subscribe({
    next: (state) => states.push(state.kind === 'searching' ? `searching ${state.problem?.message ?? ''}` : state.kind),
    complete: () => states.push('over'),
  });
  return { standing, said, states };
}

const away = new AppError('unavailable', 's1 is not reached');

it('the log has each problem once in a row, and again when a server was joined in between', () => {
  const { standing, said } = open();
  standing.note(away);
  standing.note(away);
  standing.joined(peerOf('s1'));
  standing.lost(away);
  standing.note(away);
  expect(said).toEqual(['cluster: s1 is not reached', 'joined the cluster', 'cluster: s1 is not reached']);
});

it('a problem beside a heartbeat that is held takes nothing away', () => {
  const { standing, states } = open();
  standing.joined(peerOf('s1'));
  standing.note(away);
  expect(states).toEqual(['searching ', 'joined']);
  standing.lost(away);
  expect(states.at(-1)).toBe('searching s1 is not reached');
  expect(standing.hasJoined).toBe(true);
});

it('what is over stays over, and says nothing more', () => {
  const { standing, said, states } = open();
  standing.left();
  standing.note(away);
  standing.left();
  expect([said, states]).toEqual([[], ['searching ', 'left', 'over']]);
});
