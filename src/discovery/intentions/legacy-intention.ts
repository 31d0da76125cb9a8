import { AppError } from '../../core/index.js';
import type { WireIntention } from '../../mesh/intentions/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';
import { type IntentionPair, exactIntention, intentionById } from './find-intention.js';
import { type EntryGuard, guardedWrite } from '../config/index.js';
import { INTENTIONS_KIND, putSource, removeSource, sourceOf } from './write-intention.js';

/** What a new intention with an ID is stamped with; made by the caller, so that a transaction can run again. */
export interface LegacyStamp {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
}

/** Creates an intention that has an ID (deprecated endpoint). The pair must be new. */
export function createLegacyIntention(
  store: StateStore,
  body: WireIntention,
  stamp: LegacyStamp,
  guard?: EntryGuard,
): Promise<CommitResult<boolean>> {
  if (body.id !== '') throw new AppError('invalidArgument', 'ID must be empty when creating a new intention');
  const pair = pairOf(body);
  return guardedWrite(
    store,
    'intention-create',
    { kind: INTENTIONS_KIND, name: pair.destination, guard },
    (transaction) => {
      if (exactIntention(transaction, pair) !== undefined)
        throw new AppError('conflict', `duplicate intention found: ${pair.source.name} => ${pair.destination}`);
      return putLegacy(transaction, pair, body, { id: stamp.id, createdAt: stamp.at, updatedAt: stamp.at });
    },
  );
}

/**
 * Changes the intention with an ID; its source and destination stay what they are, and a body that names others is
 * refused. Throws `notFound` for an unknown ID.
 */
export function updateLegacyIntention(
  store: StateStore,
  id: string,
  body: WireIntention,
  at: string,
  guard?: EntryGuard,
): Promise<CommitResult<boolean>> {
  return guardedWrite(store, 'intention-update', { ...entryOf(store, id), guard }, (transaction) => {
    const { pair, createdAt } = knownById(transaction, id);
    refuseOtherPair(pair, body);
    return putLegacy(transaction, pair, body, { id, createdAt, updatedAt: at });
  });
}

/** Deletes the intention with an ID. Throws `notFound` for an unknown one. */
export function deleteLegacyIntention(
  store: StateStore,
  id: string,
  guard?: EntryGuard,
): Promise<CommitResult<boolean>> {
  return guardedWrite(store, 'intention-delete-by-id', { ...entryOf(store, id), guard }, (transaction) =>
    removeSource(transaction, knownById(transaction, id).pair),
  );
}

/** The entry that has an intention now; one that nobody has for an unknown ID, which the write itself refuses. */
function entryOf(store: StateStore, id: string): { readonly kind: typeof INTENTIONS_KIND; readonly name: string } {
  return { kind: INTENTIONS_KIND, name: intentionById(store.view, id)?.intention.destination ?? '' };
}

function putLegacy(
  transaction: Transaction,
  pair: IntentionPair,
  body: WireIntention,
  stamp: { readonly id: string; readonly createdAt: string; readonly updatedAt: string },
): boolean {
  return putSource(
    transaction,
    pair.destination,
    {
      ...sourceOf(pair, body),
      legacyId: stamp.id,
      legacyMeta: body.meta,
      legacyCreateTime: stamp.createdAt,
      legacyUpdateTime: stamp.updatedAt,
    },
    { newLegacyId: stamp.id, token: body.jwt },
  );
}

/** A body may leave the names of an intention with an ID out, but it cannot make it an intention between others. */
function refuseOtherPair({ source, destination }: IntentionPair, body: WireIntention): void {
  for (const [field, given, stored] of [
    ['SourceName', body.sourceName, source.name],
    ['SourcePeer', body.sourcePeer, source.peer],
    ['DestinationName', body.destinationName, destination],
  ] as const)
    if (given !== '' && given !== stored)
      throw new AppError(
        'invalidArgument',
        `${field} of an intention cannot be changed from "${stored}" to "${given}": delete it and create another`,
      );
}

function pairOf(body: WireIntention): IntentionPair {
  if (body.sourceName === '') throw new AppError('invalidArgument', 'SourceName must be set');
  if (body.destinationName === '') throw new AppError('invalidArgument', 'DestinationName must be set');
  for (const namespace of [body.sourceNs, body.destinationNs])
    if (!['', 'default'].includes(namespace))
      throw new AppError(
        'invalidArgument',
        `there is no namespace "${namespace}": namespaces are an enterprise feature`,
      );
  return { source: { name: body.sourceName, peer: body.sourcePeer }, destination: body.destinationName };
}

function knownById(transaction: Transaction, id: string): { readonly pair: IntentionPair; readonly createdAt: string } {
  const known = intentionById(transaction, id);
  if (known === undefined) throw new AppError('notFound', 'Intention not found');
  const { source, destination } = known.intention;
  return {
    pair: { source: { name: source.name, peer: source.peer }, destination },
    createdAt: source.legacyCreateTime,
  };
}
