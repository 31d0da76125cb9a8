import { AppError } from '../../../core/index.js';
import { badRequest } from '../answers.js';
import { takeCpuProfile, takeHeapProfile } from '../profiler.js';
import type { AclRequirement, AgentRequest, AgentRoute, ApiAnswer } from '../route.js';

const readsOperator: AclRequirement = { resource: 'operator', access: 'read', scope: 'any' };
const LONGEST_SECONDS = 300;

const INDEX = `Profiles of this agent, for the DevTools of Chrome or for speedscope:

  /debug/pprof/profile?seconds=30   what the processor does, a .cpuprofile
  /debug/pprof/heap?seconds=5       where memory is taken, a .heapprofile; no values, no secrets

Node.js has no goroutines, mutexes or blocks to profile.
`;

/** Profiles, where `enable_debug` is on (consul-behaviour.md 3.2). Not in Go's format: the program is not Go. */
export const debugPprofRoutes: readonly AgentRoute[] = [
  {
    method: 'GET',
    path: '/debug/pprof/',
    acl: readsOperator,
    blocking: false,
    handle: guarded(({ rest }) => {
      if (rest !== '') throw new AppError('notFound', `Unknown profile "${rest}": there are profile and heap`);
      return { text: INDEX };
    }),
  },
  {
    method: 'GET',
    path: '/debug/pprof/profile',
    acl: readsOperator,
    blocking: false,
    handle: guarded(async (request) =>
      file(await takeCpuProfile(secondsOf(request, 30) * 1000, request.signal), 'cpuprofile'),
    ),
  },
  {
    method: 'GET',
    path: '/debug/pprof/heap',
    acl: readsOperator,
    blocking: false,
    handle: guarded(async (request) =>
      file(await takeHeapProfile(secondsOf(request, 5) * 1000, request.signal), 'heapprofile'),
    ),
  },
];

function guarded(handle: AgentRoute['handle']): AgentRoute['handle'] {
  return (request) => {
    if (!request.config.enableDebug)
      throw new AppError(
        'permissionDenied',
        'Profiles are off: set enable_debug = true in the configuration and reload',
      );
    return handle(request);
  };
}

function secondsOf({ query }: AgentRequest, otherwise: number): number {
  const given = query.get('seconds');
  if (given === '') return otherwise;
  const seconds = Number(given);
  if (!/^\d{1,4}$/.test(given) || seconds < 1 || seconds > LONGEST_SECONDS)
    badRequest(`seconds must be a number from 1 to ${LONGEST_SECONDS}, not "${given}"`);
  return seconds;
}

const file = (profile: string, extension: string): ApiAnswer => ({
  bytes: Buffer.from(profile),
  headers: { 'Content-Disposition': `attachment; filename="meshwright.${extension}"` },
});
