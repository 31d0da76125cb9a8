import { type StoredIntention, allIntentions } from '../../mesh/intentions/index.js';
import { type MeshView, configEntryKey } from '../../model/index.js';
import type { IntentionName } from './intention-name.js';

/** What identifies an intention. */
export interface IntentionPair {
  readonly source: IntentionName;
  readonly destination: string;
}

/** The intention about exactly this pair, wildcards taken as they are written. */
export function exactIntention(view: MeshView, { source, destination }: IntentionPair): StoredIntention | undefined {
  const record = view.get('config-entries', configEntryKey('service-intentions', destination));
  if (record?.entry.kind !== 'service-intentions') return undefined;
  const { sources, jwt } = record.entry;
  const found = sources.find(({ name, peer }) => name === source.name && peer === source.peer);
  if (found === undefined) return undefined;
  const { createIndex, modifyIndex } = record;
  return { intention: { destination, source: found, ...(jwt && { jwt }) }, createIndex, modifyIndex };
}

/** The intention with an ID (deprecated endpoints). */
export function intentionById(view: MeshView, id: string): StoredIntention | undefined {
  return id === '' ? undefined : allIntentions(view).find(({ intention }) => intention.source.legacyId === id);
}
