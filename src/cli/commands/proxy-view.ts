import { asList, asRecord, asText } from '../json.js';

/** What the commands show of a proxy. */
export interface ProxyView {
  readonly node: string;
  readonly id: string;
  readonly service: string;
  readonly state: string;
  readonly version: string;
  readonly pending: boolean;
  readonly refused: string;
  readonly acceptedIndex: string;
  readonly resources: readonly ResourceView[];
  readonly problems: readonly string[];
  readonly revocation: Readonly<Record<string, unknown>> | undefined;
}

export interface ResourceView {
  readonly type: string;
  readonly name: string;
  readonly progress: string;
  readonly entries: readonly string[];
  readonly error: string;
}

/** Reads a proxy of `GET /v1/mesh/proxies`. */
export function proxyView(value: unknown): ProxyView {
  const fields = asRecord(value);
  const version = asText(fields['Version']);
  const isTested = fields['Tested'] !== false;
  const revocation = fields['RevocationPending'];
  return {
    node: asText(fields['Node']),
    id: asText(fields['ProxyID']),
    service: asText(fields['Service']),
    state: fields['Connected'] === true ? 'connected' : 'away',
    version: version === '' ? '-' : `${version}${isTested ? '' : ' (untested)'}`,
    pending: fields['Pending'] === true,
    refused: asText(fields['Refused']) || '0',
    acceptedIndex: asText(fields['AcceptedIndex']),
    resources: asList(fields['Resources']).map(resourceView),
    problems: asList(fields['Problems']).map(asText),
    revocation: revocation === undefined || revocation === null ? undefined : asRecord(revocation),
  };
}

function resourceView(value: unknown): ResourceView {
  const fields = asRecord(value);
  return {
    type: asText(fields['Type']),
    name: asText(fields['Name']),
    progress: asText(fields['Progress']),
    entries: asList(fields['Entries']).map(asText),
    error: asText(asRecord(fields['Refusal'])['Error']),
  };
}
