import { describe, expect, it } from 'vitest';
import { readJsonAs } from '../../../src/edges/http/json-body.js';
import type { AgentRequest } from '../../../src/edges/http/route.js';

/** What happens while a body of so many bytes is read, with something else that is due in every turn. */
async function turnsOf(bytes: number): Promise<string[]> {
  const seen: string[] = [];
  const body = Buffer.from(JSON.stringify({ text: 'x'.repeat(bytes) }));
  const request = { body: () => Promise.resolve(body) } as unknown as AgentRequest;
  let next = setImmediate(function turn() {
    seen.push('others');
    next = setImmediate(turn);
  });
  await readJsonAs(request, () => seen.push('decoded'));
  seen.push('used');
  clearImmediate(next);
  return seen;
}

describe('a JSON body', () => {
  it('that is large is parsed, decoded and used in turns of their own', async () => {
    expect(await turnsOf(40_000)).toEqual(['others', 'decoded', 'others', 'used']);
  });

  it('that is small is taken in one turn', async () => {
    expect(await turnsOf(100)).toEqual(['decoded', 'used']);
  });
});
