import { readFileSync } from 'node:fs';
import { AppError } from '../../core/index.js';

/** The number of a user; undefined for no name. Throws AppError('invalidArgument') for one that this host does not know. */
export const userId = (name: string): number | undefined => idOf(name, '/etc/passwd', 'unix_sockets.user');

/** The number of a group, likewise. */
export const groupId = (name: string): number | undefined => idOf(name, '/etc/group', 'unix_sockets.group');

function idOf(name: string, file: string, option: string): number | undefined {
  if (name === '') return undefined;
  if (/^\d{1,9}$/.test(name)) return Number(name);
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2] ?? Number.NaN);
  if (Number.isInteger(id)) return id;
  throw new AppError('invalidArgument', `${option} "${name}" is not known on this host`);
}
