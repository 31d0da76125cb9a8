import type { CheckRecord } from '../../../model/index.js';
import type { InstanceHealth } from '../cells.js';
import { encodeNode } from './encode-node.js';
import { encodeNodeService } from './encode-service.js';

/** A check as the health endpoints and `agent/checks` show it. */
export function encodeCheck(check: CheckRecord): Record<string, unknown> {
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
    Type: check.type,
    Interval: check.interval,
    Timeout: check.timeout,
    ExposedPort: check.exposedPort,
    Definition: check.definition,
    CreateIndex: check.createIndex,
    ModifyIndex: check.modifyIndex,
  };
}

/** An instance with node and checks, as `health/service` and `health/connect` list it. */
export function encodeInstanceHealth({ node, service, checks }: InstanceHealth): Record<string, unknown> {
  return { Node: encodeNode(node), Service: encodeNodeService(service), Checks: checks.map(encodeCheck) };
}
