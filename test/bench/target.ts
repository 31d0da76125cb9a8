import type { ChangeKind } from './change-kinds.js';
import { Child, here, measured, typescript } from './child.js';

/** What is measured: a server with N registered proxies in which changes can be made. */
export interface Target {
  readonly child: Child;
  readonly port: number;
  readonly nodeNames: readonly string[];
  /** Makes a change. Returns the time just before it was asked for, ns. */
  change(kind: ChangeKind, round: number): Promise<bigint>;
  stop(): Promise<void>;
}

/** The xDS server alone over synthetic cells. */
export async function startSynthetic(ids: readonly string[], execArgv: readonly string[] = []): Promise<Target> {
  const child = new Child(here('./synthetic-server.ts'), {
    answers: true,
    execArgv: [...measured, ...typescript, ...execArgv],
  });
  const { port } = await child.ask({ op: 'start', ids });
  return {
    child,
    port: port as number,
    nodeNames: ids.map(() => 'n1'),
    change: async (kind, round) => BigInt((await child.ask({ op: 'change', kind, round })).from as string),
    stop: () => child.stop(),
  };
}
