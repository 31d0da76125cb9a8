import { isHeaderName, isHeaderValue, nameProblem } from '../../core/index.js';
import type { CheckStatus } from '../records/catalog.js';
import {
  duration,
  type Field,
  flag,
  integer,
  list,
  map,
  named,
  object,
  optional,
  text,
  wireName,
} from '../wire/index.js';
import type { CheckDefinition } from './check-definition.js';

/** Everything a definition may name (consul-behaviour 2.5), before it is known to be valid. */
export interface CheckBody extends Omit<CheckDefinition, 'status' | 'h2pingUseTls'> {
  readonly status: string;
  readonly h2pingUseTls?: boolean;
}

/** Where a check is defined decides what its id is called: `ID` in a body of its own, `CheckID` inside a service, both in files. */
export const checkBodyField = (place: 'own' | 'service' | 'file'): Field<CheckBody> =>
  object<CheckBody>({
    checkId: place === 'own' ? named('ID', text()) : named('CheckID', text(), place === 'file' ? ['ID'] : []),
    name: text(),
    notes: text(),
    serviceId: named('ServiceID', text()),
    status: text(),
    token: text(),
    intervalMs: duration(),
    timeoutMs: duration(),
    outputMaxSize: integer(),
    successBeforePassing: integer(),
    failuresBeforeWarning: integer(),
    failuresBeforeCritical: integer(),
    deregisterCriticalServiceAfterMs: duration(),
    tlsServerName: text(),
    tlsSkipVerify: flag(),
    ttlMs: duration(),
    http: text(),
    method: text(),
    header: map(list(text())),
    body: text(),
    disableRedirects: flag(),
    tcp: text(),
    tcpUseTls: flag(),
    aliasNode: text(),
    aliasService: text(),
    args: named('Args', list(text()), ['ScriptArgs']),
    shell: text(),
    dockerContainerId: named('DockerContainerID', text()),
    udp: text(),
    grpc: text(),
    grpcUseTls: flag(),
    h2ping: named('H2PING', text()),
    h2pingUseTls: optional(named('H2PingUseTLS', flag())),
    osService: named('OSService', text()),
  });

export type CheckKind =
  | 'http'
  | 'grpc'
  | 'tcp'
  | 'udp'
  | 'docker'
  | 'script'
  | 'h2ping'
  | 'os_service'
  | 'alias'
  | 'ttl';

/** The kind of a check, in the word that its `Type` shows. Of a definition that names several kinds, the first of this order. */
export function checkKind(check: Omit<CheckBody, 'status' | 'h2pingUseTls'>): CheckKind {
  if (check.http !== '') return 'http';
  if (check.grpc !== '') return 'grpc';
  if (check.tcp !== '') return 'tcp';
  if (check.udp !== '') return 'udp';
  if (check.dockerContainerId !== '') return 'docker';
  if (check.args.length > 0) return 'script';
  if (check.h2ping !== '') return 'h2ping';
  if (check.osService !== '') return 'os_service';
  return check.aliasNode !== '' || check.aliasService !== '' ? 'alias' : 'ttl';
}

const STATUSES: readonly string[] = ['', 'passing', 'warning', 'critical'];

/** What is wrong with a check, as one sentence in the words that clients know; undefined when nothing is. */
export function checkProblem(check: CheckBody): string | undefined {
  const sentence = kindProblem(check) ?? numberProblem(check) ?? textProblem(check);
  return sentence === undefined ? undefined : `Invalid check: ${sentence}`;
}

function kindProblem(check: CheckBody): string | undefined {
  const kind = checkKind(check);
  const alias = check.aliasNode !== '' || check.aliasService !== '';
  if (alias && check.ttlMs !== 0) return 'TTL must be not be set for Alias checks';
  if (check.intervalMs !== 0 && check.ttlMs !== 0) return 'Interval and TTL cannot both be specified';
  if (kind === 'ttl') return check.ttlMs > 0 ? undefined : 'TTL must be > 0 for TTL checks';
  if (kind === 'docker' && check.args.length === 0) return 'Args must be set for Docker checks';
  if (kind !== 'alias' && check.intervalMs <= 0)
    return 'Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks';
  return undefined;
}

function numberProblem(check: CheckBody): string | undefined {
  if (check.outputMaxSize < 0) return 'MaxOutputMaxSize must be positive';
  const { successBeforePassing, failuresBeforeWarning, failuresBeforeCritical } = check;
  const { timeoutMs, deregisterCriticalServiceAfterMs } = check;
  const numbers = { successBeforePassing, failuresBeforeWarning, failuresBeforeCritical };
  const times = { timeoutMs, deregisterCriticalServiceAfterMs };
  for (const [name, value] of Object.entries({ ...numbers, ...times }))
    if (value < 0) return `${wireName(name.replace(/Ms$/, ''))} must not be negative`;
  if (failuresBeforeWarning > failuresBeforeCritical)
    return "FailuresBeforeWarning can't be higher than FailuresBeforeCritical";
  return undefined;
}

const MOST_ARGS = 256;
const MOST_HEADERS = 64;

/** Texts that no request or program could carry are refused here instead of making a check that can never pass. */
function textProblem(check: CheckBody): string | undefined {
  const badName = nameProblem(check.checkId) ?? nameProblem(check.name) ?? nameProblem(check.serviceId);
  if (badName !== undefined) return `its name or ID ${badName}`;
  if (check.method !== '' && !isHeaderName(check.method)) return 'Method must be an HTTP method such as GET';
  const headers = Object.entries(check.header);
  if (headers.length > MOST_HEADERS) return `Header must have at most ${MOST_HEADERS} names`;
  for (const [name, values] of headers) {
    if (!isHeaderName(name)) return `Header has the name ${JSON.stringify(name)}, which HTTP cannot carry`;
    if (!values.every(isHeaderValue))
      return `Header "${name}" must not contain line breaks or other characters that HTTP cannot carry`;
  }
  if (check.args.length > MOST_ARGS) return `Args must be at most ${MOST_ARGS}`;
  if (check.args.some((arg) => arg.includes('\0'))) return 'Args must not contain NUL characters';
  if (check.args[0] === '') return 'Args must begin with the program to run';
  return undefined;
}

/** Whether the status is one a check may start with. */
export const isCheckStatus = (status: string): status is CheckStatus | '' => STATUSES.includes(status);

/** A valid body as the definition the agent runs. */
export function toCheckDefinition(check: CheckBody): CheckDefinition {
  return {
    ...check,
    status: isCheckStatus(check.status) ? check.status : '',
    h2pingUseTls: check.h2pingUseTls ?? true,
  };
}

/** A definition in which nothing is said, for checks that the agent makes itself. */
export const emptyCheck: CheckDefinition = toCheckDefinition(checkBodyField('own').empty);
