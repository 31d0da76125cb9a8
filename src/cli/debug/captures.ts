import type { AgentClient } from '../http/agent-client.js';
import { asRecord, printJson } from '../json.js';
import { pause } from '../pause.js';

/** A file of a bundle. */
export interface BundleFile {
  /** Its path in the bundle. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** What a bundle may hold. */
export const CAPTURES = ['agent', 'host', 'members', 'metrics', 'logs', 'pprof'] as const;
export type Capture = (typeof CAPTURES)[number];

export interface CaptureOptions {
  readonly captures: readonly Capture[];
  readonly durationMs: number;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Told of what could not be captured, a sentence each; the rest goes on. */
  readonly onProblem: (message: string) => void;
}

const PATHS = { agent: '/v1/agent/self', host: '/v1/agent/host', members: '/v1/agent/members' } as const;
/** The log may be long; what is beyond this is left out. */
const MOST_LOG_BYTES = 64 * 1024 * 1024;
const PROFILE_SECONDS = { least: 1, most: 30 };

const isStatic = (capture: Capture): capture is keyof typeof PATHS => Object.hasOwn(PATHS, capture);

/** Asks an agent for all of it: facts once, figures and profiles every interval, the log for the whole time. */
export async function capture(agent: AgentClient, options: CaptureOptions): Promise<readonly BundleFile[]> {
  const entries: BundleFile[] = [];
  const attempt = async (what: string, take: () => Promise<readonly BundleFile[]>): Promise<void> => {
    try {
      entries.push(...(await take()));
    } catch (thrown) {
      if (!options.signal.aborted) options.onProblem(`${what} not captured: ${(thrown as Error).message}`);
    }
  };
  for (const name of options.captures.filter(isStatic))
    await attempt(name, async () => [json(`${name}.json`, await agent.get(PATHS[name]))]);
  // A timer of our own: signals of `AbortSignal.any` and `timeout` may be collected before they fire.
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), options.durationMs);
  options.signal.addEventListener('abort', () => over.abort(), { once: true });
  const ended = over.signal;
  const has = (name: Capture): boolean => options.captures.includes(name);
  await Promise.all([
    ...(has('logs') ? [attempt('logs', async () => [await followLog(agent, ended)])] : []),
    ...(has('metrics')
      ? [attempt('metrics', async () => [await sampleMetrics(agent, options.intervalMs, ended)])]
      : []),
    ...(has('pprof') ? [takeProfiles(agent, options, ended, attempt)] : []),
  ]);
  clearTimeout(timer);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const json = (name: string, value: unknown): BundleFile => ({
  name,
  bytes: Buffer.from(`${printJson(value, '  ')}\n`),
});

async function followLog(agent: AgentClient, ended: AbortSignal): Promise<BundleFile> {
  const parts: string[] = [];
  let size = 0;
  await agent
    .follow({ path: '/v1/agent/monitor', query: { loglevel: 'DEBUG' }, signal: ended }, (text) => {
      size += text.length;
      if (size <= MOST_LOG_BYTES) parts.push(text);
    })
    .catch((thrown: unknown) => {
      if (!ended.aborted) throw thrown;
    });
  return { name: 'meshwright.log', bytes: Buffer.from(parts.join('')) };
}

/** One JSON object a line. */
async function sampleMetrics(agent: AgentClient, intervalMs: number, ended: AbortSignal): Promise<BundleFile> {
  const lines: string[] = [];
  do {
    lines.push(printJson(await agent.get('/v1/agent/metrics'), ''));
    await pause(intervalMs, ended);
  } while (!ended.aborted);
  return { name: 'metrics.json', bytes: Buffer.from(`${lines.join('\n')}\n`) };
}

/** A profile of the processor for a part of each interval, and where memory is taken. */
async function takeProfiles(
  agent: AgentClient,
  { durationMs, intervalMs, onProblem }: CaptureOptions,
  ended: AbortSignal,
  attempt: (what: string, take: () => Promise<readonly BundleFile[]>) => Promise<void>,
): Promise<void> {
  const self = asRecord(asRecord(await agent.get(PATHS.agent).catch(() => undefined))['DebugConfig']);
  if (self['EnableDebug'] !== true) {
    onProblem('pprof not captured: the agent runs without enable_debug; set it in its configuration and reload');
    return;
  }
  const share = Math.floor(Math.min(intervalMs, durationMs) / 4000);
  const seconds = Math.min(PROFILE_SECONDS.most, Math.max(PROFILE_SECONDS.least, share));
  const fetchOne = async (name: string, file: string): Promise<BundleFile> => {
    const answer = await agent.request({ path: `/debug/pprof/${name}`, query: { seconds }, signal: ended });
    if (answer.status !== 200) throw new Error(`the agent answered ${answer.status}`);
    return { name: file, bytes: answer.body };
  };
  let round = 0;
  do {
    const folder = String(round++);
    await attempt('pprof', async () => [
      await fetchOne('heap', `${folder}/heap.heapprofile`),
      await fetchOne('profile', `${folder}/profile.cpuprofile`),
    ]);
    await pause(intervalMs - 2000 * seconds, ended);
  } while (!ended.aborted);
}
