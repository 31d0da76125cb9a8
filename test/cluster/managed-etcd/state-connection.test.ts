import { expect, it } from 'vitest';
import { StateConnection } from '../../../src/cluster/managed-etcd/state-connection.js';

const tlsOf = (name: string) => ({ ca: Buffer.from(name) });

it('who follows how the state is reached hears of other endpoints and newer certificates, until he ends it', () => {
  const connection = new StateConnection(['https://a:2379'], tlsOf('first'));
  const heard: unknown[] = [];
  const stop = connection.current.follow?.((...change) => heard.push(change));
  expect(connection.moveTo(['https://a:2379'])).toBe(false);
  expect(connection.moveTo(['https://a:2379', 'https://b:2379'])).toBe(true);
  connection.renew(tlsOf('second'));
  stop?.();
  connection.renew(tlsOf('third'));
  expect(heard).toEqual([
    [['https://a:2379', 'https://b:2379']],
    [['https://a:2379', 'https://b:2379'], tlsOf('second')],
  ]);
  expect(connection.current).toMatchObject({ endpoints: ['https://a:2379', 'https://b:2379'], tls: tlsOf('third') });
});
