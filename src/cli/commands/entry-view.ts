import { asList, asRecord, asText } from '../json.js';

/** What the commands show of an entry's way to the proxies. */
export interface EntryView {
  readonly kind: string;
  readonly name: string;
  readonly proxies: string;
  readonly pending: string;
  readonly refused: string;
  readonly state: string;
  readonly modifyIndex: string;
  readonly acceptedIndex: string;
  /** The list has how many, one entry has them. */
  readonly problems: string;
}

/** Reads an entry of `GET /v1/mesh/entries`. */
export function entryView(value: unknown): EntryView {
  const fields = asRecord(value);
  const problems = fields['Problems'];
  return {
    kind: asText(fields['Kind']),
    name: asText(fields['Name']),
    proxies: asText(fields['Proxies']),
    pending: asText(fields['Pending']),
    refused: asText(fields['Refused']),
    state: stateOf(fields),
    modifyIndex: asText(fields['ModifyIndex']),
    acceptedIndex: asText(fields['AcceptedIndex']),
    problems: Array.isArray(problems) ? String(problems.length) : asText(problems),
  };
}

function stateOf(fields: Readonly<Record<string, unknown>>): string {
  if (asText(fields['Proxies']) === '0') return 'no proxies';
  if (fields['AcceptedEverywhere'] === true) return 'accepted';
  return asText(fields['Refused']) === '0' ? 'pending' : 'refused';
}

/** The proxies of a problem, in words. */
export function problemProxies(value: unknown): string {
  const names = asList(asRecord(value)['Proxies'])
    .map(asRecord)
    .map((proxy) => `${asText(proxy['Node'])}/${asText(proxy['ProxyID'])}`);
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}
