import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { textFlag } from '../flags/flag.js';

/** `operator raft remove-peer`. */
export const operatorRaftRemovePeer = defineCommand({
  usage: '[options]',
  about: 'Removes a server that is gone for good from those that vote.',
  examples: [
    { says: 'By its address:', type: 'operator raft remove-peer -address=10.0.0.3:8300' },
    { says: 'By its ID, as `operator raft list-peers` shows it:', type: 'operator raft remove-peer -id=750ba4d0-…' },
  ],
  flags: {
    address: textFlag('Address of the server, with its port.', 'host:port'),
    id: textFlag('ID of the server.', 'uuid'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    if (flags.address === '' && flags.id === '')
      return refuse(io, 'Error removing peer: an address or id is required for the peer to remove');
    if (flags.address !== '' && flags.id !== '')
      return refuse(io, 'Error removing peer: cannot give both an address and id');
    try {
      const query = flags.id === '' ? { address: flags.address } : { id: flags.id };
      await agent.delete('/v1/operator/raft/peer', query);
      const shown = flags.id === '' ? `address "${flags.address}"` : `id "${flags.id}"`;
      io.out(`Removed peer with ${shown}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Error removing peer', thrown);
    }
  },
});
