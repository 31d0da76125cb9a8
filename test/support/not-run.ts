import { spawnSync } from 'node:child_process';
import type { TestContext } from 'vitest';

/** Ends the test as one that cannot run on this machine; the last lines of the run repeat why. */
export function notRun(context: TestContext, why: string): never {
  (context.task.meta as Record<string, unknown>)['notRun'] = why;
  return context.skip(why);
}

/** Whether a process without rights may make network namespaces of its own here, and connect them. */
export const hasNetworkNamespaces = (): boolean =>
  spawnSync('unshare', [
    '-Urnm',
    'sh',
    '-c',
    'mount -t tmpfs none /run && ip netns add one && ip link add bridge0 type bridge && ip link add veth0 type veth peer name eth0 netns one',
  ]).status === 0;
