import type { LocalCheck } from '../../../agent/index.js';

/** A definition nobody filled in, as the agent's health endpoints show it. */
const EMPTY_DEFINITION = {
  Interval: '0s',
  Timeout: '0s',
  DeregisterCriticalServiceAfter: '0s',
  HTTP: '',
  Header: null,
  Method: '',
  Body: '',
  TLSServerName: '',
  TLSSkipVerify: false,
  TCP: '',
  TCPUseTLS: false,
  UDP: '',
  GRPC: '',
  OSService: '',
  GRPCUseTLS: false,
} as const;

/** A local check as `agent/health/service/…` shows it: another form than that of `agent/checks`, without its type and times. */
export function encodeHealthCheck(check: LocalCheck): Record<string, unknown> {
  return {
    Node: check.node,
    CheckID: check.checkId,
    Name: check.name,
    Status: check.status,
    Notes: check.notes,
    Output: check.output,
    ServiceID: check.serviceId,
    ServiceName: check.serviceName,
    ServiceTags: check.serviceTags,
    Type: '',
    ExposedPort: check.exposedPort,
    Definition: { ...EMPTY_DEFINITION, ...check.definition },
    CreateIndex: 0,
    ModifyIndex: 0,
  };
}
