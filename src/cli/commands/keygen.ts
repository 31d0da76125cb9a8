import { randomBytes } from 'node:crypto';
import { defineCommand } from '../command.js';

const KEY_BYTES = 32;

/** `keygen`: a new cluster key, which servers know each other by. */
export const keygen = defineCommand({
  usage: '',
  about: 'Prints a new random cluster key for -encrypt: 32 bytes in base64. Whoever has it is a server of the cluster.',
  examples: [{ says: 'A new key:', type: 'keygen' }],
  flags: {},
  maxArgs: 0,
  reachesAgent: false,
  run: ({ io }) => {
    io.out(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
    return Promise.resolve(0);
  },
});
