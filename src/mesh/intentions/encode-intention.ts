import { intentionJwtField, intentionPermissionsField } from '../../model/config-entries/service-intentions.js';
import type { IntentionJwtRequirement, IntentionPermission, StringMap } from '../../model/index.js';
import { type Field, always, encode, integer, map, object, optional, text } from '../../model/wire/index.js';
import type { StoredIntention } from './intention-match.js';

/** An intention as `/v1/connect/intentions` shows and takes it (consul-behaviour 1.7). */
export interface WireIntention {
  readonly id: string;
  readonly description: string;
  readonly sourceNs: string;
  readonly sourceName: string;
  readonly sourcePartition: string;
  readonly sourcePeer: string;
  readonly sourceSamenessGroup: string;
  readonly destinationNs: string;
  readonly destinationName: string;
  readonly destinationPartition: string;
  readonly sourceType: string;
  readonly action: string;
  readonly permissions: readonly IntentionPermission[];
  readonly jwt?: IntentionJwtRequirement;
  readonly meta: StringMap;
  readonly precedence: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Schema of the body of an intention; revisions and hash of an earlier read are ignored. */
export const wireIntentionField: Field<WireIntention> = object<WireIntention>(
  {
    id: text(),
    description: text(),
    sourceNs: text(),
    sourceName: always(text()),
    sourcePartition: text(),
    sourcePeer: text(),
    sourceSamenessGroup: text(),
    destinationNs: text(),
    destinationName: always(text()),
    destinationPartition: text(),
    sourceType: text(),
    action: text(),
    permissions: intentionPermissionsField,
    jwt: optional(intentionJwtField),
    meta: map(text()),
    precedence: always(integer()),
    createdAt: text(),
    updatedAt: text(),
  },
  { ignored: ['CreateIndex', 'ModifyIndex', 'Hash', 'DefaultAddr', 'DefaultPort', 'LegacyID'] },
);

/** A stored intention in Consul's spelling, revisions included. */
export function encodeIntention({ intention, createIndex, modifyIndex }: StoredIntention): Record<string, unknown> {
  const { source, destination, jwt } = intention;
  const wire = encode(wireIntentionField, {
    id: source.legacyId,
    description: source.description,
    sourceNs: 'default',
    sourceName: source.name,
    sourcePartition: '',
    sourcePeer: source.peer,
    sourceSamenessGroup: '',
    destinationNs: 'default',
    destinationName: destination,
    destinationPartition: '',
    sourceType: source.type,
    action: source.action,
    permissions: source.permissions,
    ...(jwt && { jwt }),
    meta: source.legacyMeta,
    precedence: source.precedence,
    createdAt: source.legacyCreateTime,
    updatedAt: source.legacyUpdateTime,
  });
  return { ...(wire as Record<string, unknown>), CreateIndex: createIndex, ModifyIndex: modifyIndex };
}
