import { describe, expect, test } from 'vitest';
import type { EdgeSummary } from '../../../src/cli/dev/edge-book.js';
import { eventText, viewLines, withEvent } from '../../../src/cli/dev/view.js';
import { createPalette } from '../../../src/cli/palette.js';

const plain = createPalette(false);
const edge: EdgeSummary = {
  from: 'web',
  to: 'api',
  total: 100,
  totalFailures: 2,
  answeredBy: { 'api-v1': 89, 'api-v2': 9 },
  failures: { '403': 2 },
  medianMs: 4.44,
};
const state = { edges: [edge], events: [], elapsedMs: 65_000, firstRequestMs: 1934 };

describe('the picture', () => {
  test('shows shares, failures and the last changes', () => {
    const events = [{ what: 'service-splitter api written', index: 28, acceptedAfterMs: 35, proxies: 4 }];
    expect(viewLines({ ...state, events }, plain, 200)).toEqual([
      'up 65.0 s, first request through the mesh after 1.9 s; last 10 seconds:',
      '  web → api        100 requests  api-v1 89 %, api-v2 9 %  2 failed (2 × 403)  4.4 ms',
      'control plane:',
      '  service-splitter api written (index 28), accepted by 4 proxies after 35 ms',
    ]);
  });

  test('says so when there is nothing to show', () => {
    expect(viewLines({ ...state, edges: [] }, plain, 200)).toContain('  no requests');
    expect(viewLines(state, plain, 200)).toContain('  nothing changed yet');
  });

  test('never gets wider than the terminal, escape sequences not counted', () => {
    for (const palette of [plain, createPalette(true)])
      for (const line of viewLines(state, palette, 30)) {
        // oxlint-disable-next-line no-control-regex
        const visible = line.replace(/\u001b\[[0-9;]*m/g, '');
        expect(Array.from(visible).length).toBeLessThanOrEqual(30);
      }
  });
});

describe('changes', () => {
  test('a report of acceptance takes the place of the change', () => {
    const change = { what: 'mesh mesh written', index: 7 };
    const accepted = { ...change, acceptedAfterMs: 12, proxies: 4 };
    const ended = { what: 'api-v1 ended (SIGKILL)', index: 0 };
    expect(withEvent(withEvent(withEvent([], change), ended), accepted)).toEqual([accepted, ended]);
    expect(withEvent([ended], ended)).toHaveLength(2);
  });

  test('what not all proxies accept is said', () => {
    expect(eventText({ what: 'x', index: 3, tookTooLong: true })).toContain('still not accepted by all proxies');
    expect(eventText({ what: 'api-v1 ended (SIGKILL)', index: 0 })).toBe('api-v1 ended (SIGKILL)');
  });
});
