import { asList, asRecord, asText } from '../json.js';

/** An intention as the agent shows it (consul-behaviour.md 1.7). */
export interface IntentionView {
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  /** `allow`, `deny`, or empty when permissions decide. */
  readonly action: string;
  readonly permissions: readonly unknown[];
  readonly description: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly precedence: string;
  readonly createdAt: string;
}

/** Reads one intention of an answer. */
export function intentionView(value: unknown): IntentionView {
  const fields = asRecord(value);
  const peer = asText(fields['SourcePeer']);
  return {
    id: asText(fields['ID']),
    source: `${peer === '' ? '' : `peer:${peer}/`}${named(fields, 'Source')}`,
    destination: named(fields, 'Destination'),
    action: asText(fields['Action']),
    permissions: asList(fields['Permissions']),
    description: asText(fields['Description']),
    meta: asRecord(fields['Meta']),
    precedence: asText(fields['Precedence']),
    createdAt: asText(fields['CreatedAt']),
  };
}

function named(fields: Readonly<Record<string, unknown>>, side: 'Source' | 'Destination'): string {
  const namespace = asText(fields[`${side}NS`]);
  const name = asText(fields[`${side}Name`]);
  return namespace === '' || namespace === 'default' ? name : `${namespace}/${name}`;
}

/** `web => api (deny)`. */
export const intentionText = ({ source, destination, action, permissions }: IntentionView): string =>
  `${source} => ${destination} (${permissions.length > 0 ? `${permissions.length} permissions` : action})`;
