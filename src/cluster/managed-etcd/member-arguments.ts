import { join } from 'node:path';
import { formatHostPort } from '../../core/index.js';

/** How a member is run. */
export interface MemberSettings {
  readonly binary: string;
  /** Where it listens. */
  readonly bindAddress: string;
  /** What others are told. */
  readonly advertiseAddress: string;
  readonly peerPort: number;
  readonly clientPort: number;
  readonly quotaBytes: number;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  /** Nobody else compacts the history. */
  readonly autoCompaction: boolean;
  /** The name that certificates of servers have, where others have certificates of the same authority; empty = any will do. */
  readonly serverName: string;
}

/** What a member begins with: a plan it founds, the members it joins, or its own data. */
export type MemberBeginning =
  | { readonly type: 'found' | 'join'; readonly token: string; readonly members: readonly InitialMember[] }
  | { readonly type: 'continue' };

export interface InitialMember {
  readonly name: string;
  readonly peerUrl: string;
}

export const peerUrlOf = ({ advertiseAddress, peerPort }: MemberSettings): string =>
  `https://${formatHostPort({ host: advertiseAddress, port: peerPort })}`;

export const clientUrlOf = ({ advertiseAddress, clientPort }: MemberSettings): string =>
  `https://${formatHostPort({ host: advertiseAddress, port: clientPort })}`;

/** The command line of the member of this name, whose data and certificates are in `folder`; `version` is etcd's. */
export function memberArguments(
  settings: MemberSettings,
  name: string,
  folder: { readonly data: string; readonly tls: string },
  beginning: MemberBeginning,
  version: string,
): string[] {
  const tls = (file: string): string => join(folder.tls, file);
  const listen = (port: number): string => `https://${formatHostPort({ host: settings.bindAddress, port })}`;
  const flags: Record<string, string> = {
    name,
    'data-dir': folder.data,
    'listen-peer-urls': listen(settings.peerPort),
    'listen-client-urls': listen(settings.clientPort),
    'initial-advertise-peer-urls': peerUrlOf(settings),
    'advertise-client-urls': clientUrlOf(settings),
    'heartbeat-interval': String(settings.heartbeatMs),
    'election-timeout': String(settings.electionMs),
    'quota-backend-bytes': String(settings.quotaBytes),
    'enable-grpc-gateway': 'false',
    'log-level': 'info',
    'log-outputs': 'stderr',
    logger: 'zap',
    // Only servers have certificates of this authority, and they may come from any of their addresses.
    [/^3\.[0-5]\./.test(version)
      ? 'experimental-peer-skip-client-san-verification'
      : 'peer-skip-client-san-verification']: 'true',
  };
  for (const side of ['', 'peer-'])
    Object.assign(flags, {
      [`${side}cert-file`]: tls('member.pem'),
      [`${side}key-file`]: tls('member-key.pem'),
      [`${side}trusted-ca-file`]: tls('ca.pem'),
      [`${side}client-cert-auth`]: 'true',
      ...(settings.serverName !== '' && { [`${side || 'client-'}cert-allowed-hostname`]: settings.serverName }),
    });
  if (settings.autoCompaction)
    Object.assign(flags, { 'auto-compaction-mode': 'periodic', 'auto-compaction-retention': '1h' });
  if (beginning.type !== 'continue')
    Object.assign(flags, {
      'initial-cluster': beginning.members.map((member) => `${member.name}=${member.peerUrl}`).join(','),
      'initial-cluster-state': beginning.type === 'found' ? 'new' : 'existing',
      'initial-cluster-token': beginning.token,
    });
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
}
