import { describe, expect, test } from 'vitest';
import type { DemoAnswer, DemoCall } from '../../../src/cli/dev/demo-answer.js';
import { EdgeBook } from '../../../src/cli/dev/edge-book.js';

const answer = (service: string, instance: string, calls: readonly DemoCall[] = []): DemoAnswer => ({
  service,
  instance,
  version: '',
  path: '/',
  calls,
});
const reached = (to: string, by: DemoAnswer, ms = 2): DemoCall => ({ to, status: 200, ms, answer: by });

describe('who answered whom', () => {
  test('is counted edge by edge, calls of calls too', () => {
    const book = new EdgeBook();
    for (const [at, instance] of ['api-v1', 'api-v2', 'api-v1'].entries())
      book.record(
        answer('web', 'web', [
          reached('api', answer('api', instance, [reached('billing', answer('billing', 'billing'))]), at),
        ]),
        at,
      );
    expect(book.summary(3)).toEqual([
      {
        from: 'web',
        to: 'api',
        total: 3,
        totalFailures: 0,
        answeredBy: { 'api-v1': 2, 'api-v2': 1 },
        failures: {},
        medianMs: 1,
      },
      { from: 'api', to: 'billing', total: 3, totalFailures: 0, answeredBy: { billing: 3 }, failures: {}, medianMs: 2 },
    ]);
  });

  test('failures are counted by what went wrong', () => {
    const book = new EdgeBook();
    book.record(answer('web', 'web', [{ to: 'api', status: 403, ms: 1, error: 'RBAC: access denied' }]), 0);
    book.record(answer('web', 'web', [{ to: 'api', status: 0, ms: 1, error: 'ECONNRESET' }]), 1);
    expect(book.summary(2)).toMatchObject([
      { total: 2, totalFailures: 2, answeredBy: {}, failures: { '403': 1, ECONNRESET: 1 } },
    ]);
  });

  test('only the last ten seconds are shown, but all are counted', () => {
    const book = new EdgeBook();
    book.record(answer('web', 'web', [reached('api', answer('api', 'api-v1'))]), 0);
    book.record(answer('web', 'web', [reached('api', answer('api', 'api-v2'))]), 9000);
    expect(book.summary(10_500)).toMatchObject([{ total: 2, answeredBy: { 'api-v2': 1 } }]);
    expect(book.summary(20_000)).toMatchObject([{ total: 2, answeredBy: {} }]);
  });
});
