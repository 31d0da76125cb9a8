import type { CheckResult, Probe } from '../../../../src/agent/checks/check-runner.js';
import { decodeCheckDefinition } from '../../../../src/model/definitions/index.js';
import type { CheckDefinition } from '../../../../src/model/definitions/index.js';

/** The definition of a check as somebody would register it. */
export const definitionOf = (body: object): CheckDefinition =>
  decodeCheckDefinition({ Name: 'c', Interval: '1s', ...body }, 'api');

/** One look, with a time limit that only a hanging probe meets. */
export async function look(probe: Probe & { close?(): void }, timeoutMs = 20_000): Promise<CheckResult> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  const result = await probe(timeout.signal);
  clearTimeout(timer);
  probe.close?.();
  return result;
}
