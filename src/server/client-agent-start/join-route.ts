import type { ServerLink } from '../../cluster/index.js';
import { AppError } from '../../core/index.js';
import type { AgentRoute } from '../../edges/http/index.js';

/** To join is what the agent does, not its servers. */
export const joinRoute = (link: ServerLink): AgentRoute => ({
  method: 'PUT',
  path: '/v1/agent/join/',
  acl: { resource: 'agent', access: 'write', scope: 'agent' },
  blocking: false,
  async handle({ rest, query }) {
    if (query.has('wan'))
      throw new AppError('unsupported', `cannot join ${rest}: only servers are in the wide-area pool`);
    await link.join([rest]);
    return {};
  },
});
