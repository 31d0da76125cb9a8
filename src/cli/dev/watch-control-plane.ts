import { setMaxListeners } from 'node:events';
import type { AgentClient } from '../http/agent-client.js';
import { asList, asRecord, asText, parseJson } from '../json.js';

/** Something that the control plane did, or that it was told. */
export interface ControlPlaneEvent {
  readonly what: string;
  /** State index at which it happened. */
  readonly index: number;
  /** How long until every connected proxy had accepted it; absent while that is awaited. */
  readonly acceptedAfterMs?: number;
  /** How many proxies are connected. */
  readonly proxies?: number;
  /** Not all proxies had accepted it after a long time. */
  readonly tookTooLong?: true;
}

const KINDS = [
  'proxy-defaults',
  'service-defaults',
  'service-router',
  'service-splitter',
  'service-resolver',
  'service-intentions',
  'mesh',
];
const WAIT = '60s';
const RETRY_MS = 500;
const LOOK_EVERY_MS = 25;
const LONGEST_WAIT_MS = 10_000;

/**
 * Follows config entries and health with blocking queries, and tells how soon all proxies had accepted each change.
 * What is there at the first look is not news. Ends when the signal aborts.
 */
export function watchControlPlane(
  agent: AgentClient,
  signal: AbortSignal,
  tell: (event: ControlPlaneEvent) => void,
): Promise<unknown> {
  // Each follower and each change that is waited for listens: there are as many as there are changes.
  setMaxListeners(0, signal);
  const kinds = KINDS.map((kind) =>
    follow(agent, `/v1/config/${kind}`, signal, entryKey, (change, index) =>
      report(agent, signal, tell, `${kind} ${change}`, index),
    ),
  );
  const health = follow(agent, '/v1/health/state/any', signal, checkKey, (change, index) =>
    report(agent, signal, tell, change, index),
  );
  return Promise.allSettled([...kinds, health]);
}

/** A row's name, and the text that changes when the row does. */
type RowKey = (row: Readonly<Record<string, unknown>>) => {
  readonly name: string;
  readonly state: string;
  readonly verb: string;
};

const entryKey: RowKey = (row) => ({ name: asText(row['Name']), state: asText(row['ModifyIndex']), verb: 'written' });
const checkKey: RowKey = (row) => ({
  name: `${asText(row['ServiceID']) || asText(row['Node'])}: check "${asText(row['Name'])}"`,
  state: asText(row['Status']),
  verb: `is ${asText(row['Status'])}`,
});

async function follow(
  agent: AgentClient,
  path: string,
  signal: AbortSignal,
  keyOf: RowKey,
  onChange: (change: string, index: number) => void,
): Promise<void> {
  let known: ReadonlyMap<string, string> | undefined;
  let index = '0';
  while (!signal.aborted) {
    try {
      const answer = await agent.request({ path, query: { index, wait: WAIT }, signal });
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      index = asText(answer.headers['x-consul-index']) || '0';
      const rows = asList(parseJson(answer.body.toString())).map(asRecord).map(keyOf);
      if (known !== undefined) for (const change of changes(known, rows)) onChange(change, Number(index));
      known = new Map(rows.map(({ name, state }) => [name, state]));
    } catch {
      if (!signal.aborted) await pause(RETRY_MS);
    }
  }
}

function changes(known: ReadonlyMap<string, string>, rows: readonly ReturnType<RowKey>[]): readonly string[] {
  const names = new Set(rows.map(({ name }) => name));
  return [
    ...rows.filter(({ name, state }) => known.get(name) !== state).map(({ name, verb }) => `${name} ${verb}`),
    ...[...known.keys()].filter((name) => !names.has(name)).map((name) => `${name} deleted`),
  ];
}

function report(
  agent: AgentClient,
  signal: AbortSignal,
  tell: (event: ControlPlaneEvent) => void,
  what: string,
  index: number,
): void {
  tell({ what, index });
  void whenAccepted(agent, signal, index).then((accepted) => {
    if (!signal.aborted) tell({ what, index, ...(accepted ?? { tookTooLong: true }) });
  });
}

/** Waits until every connected proxy has accepted all up to an index. */
async function whenAccepted(
  agent: AgentClient,
  signal: AbortSignal,
  index: number,
): Promise<{ readonly acceptedAfterMs: number; readonly proxies: number } | undefined> {
  const startedAt = performance.now();
  while (!signal.aborted && performance.now() - startedAt < LONGEST_WAIT_MS) {
    const proxies = await agent.get('/v1/mesh/proxies').then(asList, () => undefined);
    const connected = proxies?.map(asRecord).filter((proxy) => proxy['Connected'] === true) ?? [];
    const isDone =
      proxies !== undefined &&
      connected.every((proxy) => proxy['Pending'] !== true && Number(proxy['AcceptedIndex']) >= index);
    if (isDone) return { acceptedAfterMs: Math.round(performance.now() - startedAt), proxies: connected.length };
    await pause(LOOK_EVERY_MS);
  }
  return undefined;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
