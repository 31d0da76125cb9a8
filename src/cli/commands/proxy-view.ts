import { foldedName } from '../../model/wire/index.js';
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
  const get = reader(value);
  const version = asText(get('version'));
  const isTested = get('tested') !== false;
  const revocation = get('revocationPending');
  return {
    node: asText(get('node')),
    id: asText(get('proxyId')),
    service: asText(get('service')),
    state: get('connected') === true ? 'connected' : 'away',
    version: version === '' ? '-' : `${version}${isTested ? '' : ' (untested)'}`,
    pending: get('pending') === true,
    refused: asText(get('refused')) || '0',
    acceptedIndex: asText(get('acceptedIndex')),
    resources: asList(get('resources')).map(resourceView),
    problems: asList(get('problems')).map(asText),
    revocation: revocation === undefined || revocation === null ? undefined : asRecord(revocation),
  };
}

function resourceView(value: unknown): ResourceView {
  const get = reader(value);
  return {
    type: asText(get('type')),
    name: asText(get('name')),
    progress: asText(get('progress')),
    entries: asList(get('entries')).map(asText),
    error: asText(reader(get('refusal'))('error')),
  };
}

/** Finds a field whatever its case. */
export function reader(value: unknown): (name: string) => unknown {
  const byName = new Map(Object.entries(asRecord(value)).map(([key, entry]) => [foldedName(key), entry]));
  return (name) => byName.get(foldedName(name));
}
