import { execFileSync } from 'node:child_process';
import type { Rig } from '../support/envoy-rig/rig.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';

/** One machine: a network namespace with two cables, one to the other machines and one to the clients. */
export interface Host {
  readonly name: string;
  /** Where the other machines reach it. */
  readonly address: string;
  /** Where clients reach it, whatever happens to the other cable. */
  readonly clientAddress: string;
  start(what: string, command: string, args: readonly string[], env?: NodeJS.ProcessEnv): RigProcess;
}

const BRIDGES = ['mesh-a', 'mesh-b'] as const;
const ip = (...args: readonly string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

/** Where programs in the clients' own namespace are reached. */
export const CLIENTS_ADDRESS = '10.78.0.254';

/**
 * Machines on one switch, as network namespaces; the caller's own is that of the clients. Runs as root of a namespace of its own
 * (`unshare -Urnm`), which takes everything away with it.
 */
export class Network {
  readonly hosts: readonly Host[];

  constructor(rig: Rig, names: readonly string[]) {
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/run']);
    ip('link', 'set', 'lo', 'up');
    for (const bridge of [...BRIDGES, 'clients']) {
      ip('link', 'add', bridge, 'type', 'bridge');
      ip('link', 'set', bridge, 'up');
    }
    ip('addr', 'add', `${CLIENTS_ADDRESS}/24`, 'dev', 'clients');
    this.hosts = names.map((name, at) => {
      const [address, clientAddress] = [`10.77.0.${at + 1}`, `10.78.0.${at + 1}`];
      ip('netns', 'add', name);
      ip('link', 'add', `m-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      ip('link', 'set', `m-${name}`, 'master', BRIDGES[0], 'up');
      ip('link', 'add', `c-${name}`, 'type', 'veth', 'peer', 'name', 'eth1', 'netns', name);
      ip('link', 'set', `c-${name}`, 'master', 'clients', 'up');
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', name, 'addr', 'add', `${clientAddress}/24`, 'dev', 'eth1');
      for (const device of ['lo', 'eth0', 'eth1']) ip('-n', name, 'link', 'set', device, 'up');
      return {
        name,
        address,
        clientAddress,
        start: (what, command, args, env) =>
          rig.start(what, 'ip', ['netns', 'exec', name, command, ...args], { ...env, PATH: process.env['PATH'] }),
      };
    });
  }

  /** Plugs these machines into another switch: nothing passes between them and the rest, no connection is told so. */
  separate(hosts: readonly Host[]): void {
    for (const { name } of hosts) ip('link', 'set', `m-${name}`, 'master', BRIDGES[1]);
  }

  /** All on one switch again. */
  rejoin(): void {
    for (const { name } of this.hosts) ip('link', 'set', `m-${name}`, 'master', BRIDGES[0]);
  }
}
