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
    'mount -t tmpfs none /run && ip netns add a && ip link add b type bridge && ip link add c type veth peer name d netns a',
  ]).status === 0;
