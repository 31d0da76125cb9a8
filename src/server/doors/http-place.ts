import type { AgentConfig } from '../../agent/config/index.js';
import { AppError } from '../../core/index.js';
import type { HttpPlace } from '../../edges/http/index.js';
import { groupId, userId } from './unix-owner.js';

const UNIX = 'unix://';

/** Where the HTTP API listens for one address of the configuration: a host, or a socket file with its owner. */
export function httpPlaceOf(config: AgentConfig, address: string, port: number): HttpPlace {
  if (!address.startsWith(UNIX)) return { host: address, port };
  const { user, group, mode } = config.http.unixSockets;
  const [uid, gid] = [userId(user), groupId(group)];
  if (process.platform === 'win32') throw new AppError('unsupported', `${address}: there are no unix sockets here`);
  return {
    path: address.slice(UNIX.length),
    ...(uid === undefined ? {} : { userId: uid }),
    ...(gid === undefined ? {} : { groupId: gid }),
    ...(mode === '' ? {} : { mode }),
  };
}
