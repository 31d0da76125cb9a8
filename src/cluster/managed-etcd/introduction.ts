import { AppError } from '../../core/index.js';
import type { Introduction } from './forming.js';
import { planOf } from './member-folder.js';

/** The question by which servers introduce themselves to each other. */
export const INTRODUCTION = 'etcd/introduction';

export const encodeIntroduction = (introduction: Introduction): Buffer => Buffer.from(JSON.stringify(introduction));

/** Throws AppError('invalidArgument') when another version of this program, or something else, wrote it. */
export function decodeIntroduction(bytes: Uint8Array): Introduction {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
    const { proposal, promise, decided, joined, expect, running, cluster } = value;
    const { coordinator, attempt } = (promise ?? {}) as Record<string, unknown>;
    if (!Array.isArray(joined) || typeof expect !== 'number') throw new Error('not an introduction');
    return {
      id: textOf(value['id']),
      node: textOf(value['node']),
      datacenter: textOf(value['datacenter']),
      address: textOf(value['address']),
      peerUrl: textOf(value['peerUrl']),
      clientUrl: textOf(value['clientUrl']),
      expect,
      joined: joined.map((each: unknown) => (each === null ? null : textOf(each))),
      ...(proposal !== undefined && { proposal: planOf(proposal) }),
      ...(promise !== undefined && { promise: { coordinator: textOf(coordinator), attempt: textOf(attempt) } }),
      ...(decided !== undefined && { decided: planOf(decided) }),
      running: running === true,
      ...(cluster !== undefined && { cluster: textOf(cluster) }),
    };
  } catch (cause) {
    throw new AppError('invalidArgument', 'another server introduced itself in a way that this version does not know', {
      cause,
    });
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('not a text');
  return value;
}
