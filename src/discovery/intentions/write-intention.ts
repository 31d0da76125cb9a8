import { AppError, deepEqual } from '../../core/index.js';
import { type WireIntention, wireIntentionField } from '../../mesh/intentions/index.js';
import {
  type IntentionJwtRequirement,
  type IntentionSource,
  type ServiceIntentionsEntry,
  configEntryKey,
} from '../../model/index.js';
import { decode } from '../../model/wire/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';
import { type EntryGuard, applyConfigEntry, applyConfigEntryDeletion, guardedWrite } from '../config/index.js';
import type { IntentionPair } from './find-intention.js';

/** Where intentions are kept. */
export const INTENTIONS_KIND = 'service-intentions';

/** The body of an intention request as a typed value. Throws AppError('invalidArgument') with the path of what is wrong. */
export function decodeIntention(body: unknown): WireIntention {
  return decode(wireIntentionField, body ?? {}, { what: 'Failed to decode request body' });
}

/**
 * Sets the intention about one pair: its source is put into the destination's entry, which is made if it is not there. The pair
 * comes from the request, whatever the body names. Throws AppError with the rule that is broken.
 */
export function upsertIntention(
  store: StateStore,
  pair: IntentionPair,
  body: WireIntention,
  guard?: EntryGuard,
): Promise<CommitResult<boolean>> {
  if (Object.keys(body.meta).length > 0) throw new AppError('invalidArgument', 'Meta must not be specified');
  if (body.id !== '') throw new AppError('invalidArgument', 'ID must not be specified');
  return guardedWrite(
    store,
    'intention-upsert',
    { kind: INTENTIONS_KIND, name: pair.destination, guard },
    (transaction) => putSource(transaction, pair.destination, sourceOf(pair, body), { token: body.jwt }),
  );
}

/** Removes the intention about one pair, and the destination's entry with its last one. Absent is fine. */
export function deleteIntention(
  store: StateStore,
  pair: IntentionPair,
  guard?: EntryGuard,
): Promise<CommitResult<boolean>> {
  return guardedWrite(
    store,
    'intention-delete',
    { kind: INTENTIONS_KIND, name: pair.destination, guard },
    (transaction) => removeSource(transaction, pair),
  );
}

/**
 * Puts a source into the entry of its destination, in the place of the one it has the name and peer of. `token` is what the
 * request asks of the source's callers; it is asked of all callers of a destination, so that it cannot be changed here.
 */
export function putSource(
  transaction: Transaction,
  destination: string,
  source: IntentionSource,
  options: { readonly newLegacyId?: string; readonly token?: IntentionJwtRequirement | undefined } = {},
): boolean {
  const entry = entryOrEmpty(transaction, destination);
  if (options.token !== undefined && !deepEqual(options.token, entry.jwt))
    throw new AppError(
      'invalidArgument',
      `JWT is asked of all callers of "${destination}": write it in the service-intentions entry of that name`,
    );
  const isSame = (other: IntentionSource): boolean => other.name === source.name && other.peer === source.peer;
  const sources = entry.sources.some(isSame)
    ? entry.sources.map((other) => (isSame(other) ? source : other))
    : [...entry.sources, source];
  return applyConfigEntry(transaction, { ...entry, sources }, options);
}

/** Removes a source from the entry of its destination, and the entry with its last one. */
export function removeSource(transaction: Transaction, { source, destination }: IntentionPair): boolean {
  const entry = entryOrEmpty(transaction, destination);
  const sources = entry.sources.filter(({ name, peer }) => name !== source.name || peer !== source.peer);
  if (sources.length === entry.sources.length) return true;
  if (sources.length === 0) return applyConfigEntryDeletion(transaction, INTENTIONS_KIND, destination);
  return applyConfigEntry(transaction, { ...entry, sources });
}

/** A source as a request describes it; the rest is filled in when its entry is written. */
export function sourceOf({ source }: IntentionPair, body: WireIntention): IntentionSource {
  return {
    name: source.name,
    peer: source.peer,
    action: body.action as IntentionSource['action'],
    permissions: body.permissions,
    precedence: 0,
    type: body.sourceType,
    description: body.description,
    legacyId: '',
    legacyMeta: {},
    legacyCreateTime: '',
    legacyUpdateTime: '',
    namespace: '',
    partition: '',
    samenessGroup: body.sourceSamenessGroup,
  };
}

function entryOrEmpty(transaction: Transaction, destination: string): ServiceIntentionsEntry {
  const entry = transaction.get('config-entries', configEntryKey(INTENTIONS_KIND, destination))?.entry;
  if (entry?.kind === 'service-intentions') return entry;
  return { kind: 'service-intentions', name: destination, sources: [], meta: {} };
}
