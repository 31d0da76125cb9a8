import { nameProblem } from '../../core/index.js';
import type { CheckStatus } from '../records/catalog.js';
import { duration, type Field, flag, integer, list, map, named, object, text } from '../wire/index.js';
import type { CheckDefinition } from './check-definition.js';

/** Everything a definition may name (consul-behaviour 2.5), before it is known which kind of check it is. */
export interface CheckBody {
  readonly checkId: string;
  readonly name: string;
  readonly notes: string;
  readonly serviceId: string;
  readonly status: string;
  readonly token: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly outputMaxSize: number;
  readonly successBeforePassing: number;
  readonly failuresBeforeWarning: number;
  readonly failuresBeforeCritical: number;
  readonly deregisterCriticalServiceAfterMs: number;
  readonly tlsServerName: string;
  readonly tlsSkipVerify: boolean;
  readonly ttlMs: number;
  readonly http: string;
  readonly method: string;
  readonly header: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly disableRedirects: boolean;
  readonly tcp: string;
  readonly tcpUseTls: boolean;
  readonly aliasNode: string;
  readonly aliasService: string;
  readonly args: readonly string[];
  readonly shell: string;
  readonly dockerContainerId: string;
  readonly udp: string;
  readonly grpc: string;
  readonly grpcUseTls: boolean;
  readonly h2ping: string;
  readonly h2pingUseTls: boolean;
  readonly osService: string;
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
    h2pingUseTls: named('H2PingUseTLS', flag()),
    osService: named('OSService', text()),
  });

/** Kinds of checks that exist but that this version cannot run. */
const NOT_RUN: readonly (readonly [keyof CheckBody, string])[] = [
  ['args', 'script'],
  ['dockerContainerId', 'docker'],
  ['udp', 'UDP'],
  ['h2ping', 'H2PING'],
  ['osService', 'OS service'],
];

const STATUSES: readonly string[] = ['', 'passing', 'warning', 'critical'];
const present = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : value !== '');

/** What is wrong with a check, as one sentence in the words that clients know; undefined when nothing is. */
export function checkProblem(check: CheckBody): string | undefined {
  const interval =
    NOT_RUN.some(([field]) => present(check[field])) || check.http !== '' || check.grpc !== '' || check.tcp !== '';
  const alias = check.aliasNode !== '' || check.aliasService !== '';
  const badName = nameProblem(check.checkId) ?? nameProblem(check.name) ?? nameProblem(check.serviceId);
  if (badName !== undefined) return `Invalid check: its name or ID ${badName}`;
  if (alias && check.ttlMs !== 0) return 'Invalid check: TTL must be not be set for Alias checks';
  if (check.intervalMs !== 0 && check.ttlMs !== 0) return 'Invalid check: Interval and TTL cannot both be specified';
  if (!alias && interval && check.intervalMs <= 0)
    return 'Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks';
  if (!alias && !interval && check.ttlMs <= 0) return 'Invalid check: TTL must be > 0 for TTL checks';
  if (check.outputMaxSize < 0) return 'Invalid check: MaxOutputMaxSize must be positive';
  if (check.failuresBeforeCritical > 0 && check.failuresBeforeWarning > check.failuresBeforeCritical)
    return "Invalid check: FailuresBeforeWarning can't be higher than FailuresBeforeCritical";
  return undefined;
}

/** Whether the status is one a check may start with. */
export const isCheckStatus = (status: string): status is CheckStatus | '' => STATUSES.includes(status);

/** The name of the kind of this check when this version cannot run it. */
export function unsupportedCheckKind(check: CheckBody): string | undefined {
  return NOT_RUN.find(([field]) => present(check[field]))?.[1];
}

/** A valid body as the definition the agent runs. */
export function toCheckDefinition(check: CheckBody): CheckDefinition {
  const { args: _args, shell: _shell, dockerContainerId: _docker, udp: _udp, ...rest } = check;
  const { h2ping: _h2ping, h2pingUseTls: _h2pingTls, osService: _osService, ...definition } = rest;
  return { ...definition, status: isCheckStatus(check.status) ? check.status : '' };
}
