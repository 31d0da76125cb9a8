import { expect, it } from 'vitest';
import { namedLink } from '../../../src/client-agent/http/named-link.js';
import { FakeLink, response } from '../support/fake-link.js';

it('requests to servers say of which node they are, also when a client says something else', async () => {
  const link = new FakeLink(() => response(200, ''));
  const named = namedLink(link, 'büro 1');
  await named.request({ method: 'GET', path: '/x', headers: { a: 'b', 'x-meshwright-agent-node': 'other' } });
  expect(link.requests[0]?.headers).toEqual({ a: 'b', 'x-meshwright-agent-node': 'b%C3%BCro%201' });
});
