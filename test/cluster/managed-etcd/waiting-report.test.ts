import { expect, it } from 'vitest';
import { WaitingReport } from '../../../src/cluster/managed-etcd/waiting-report.js';
import { ManualClock } from '../../state/support/manual-clock.js';

it('what a server waits for is in the log once, again now and then, and not any more when it is over', () => {
  const clock = new ManualClock();
  const [said, heard]: [string[], string[]] = [[], []];
  const report = new WaitingReport(clock, { info: (_, message) => void said.push(message) }, (text) =>
    heard.push(text),
  );
  report.tell('nobody answers');
  report.tell('nobody answers');
  report.tell('s2 catches up');
  expect(said.splice(0)).toEqual(['nobody answers', 's2 catches up']);
  clock.advance(30_000);
  report.tell('s2 catches up');
  expect(said.splice(0)).toEqual(['s2 catches up']);
  report.end();
  report.tell('nobody answers');
  expect(said).toEqual([]);
  expect(heard).toHaveLength(5);
});
