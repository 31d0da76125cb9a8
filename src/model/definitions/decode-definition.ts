import { AppError } from '../../core/index.js';
import type { ServiceKind } from '../records/catalog.js';
import type { ServiceAddress } from '../records/common.js';
import { type Field, problemText, tryDecode } from '../wire/index.js';
import type { CheckDefinition } from './check-definition.js';
import { type CheckBody, checkBodyField, checkProblem, isCheckStatus, toCheckDefinition } from './check-schema.js';
import type { ServiceDefinition } from './service-definition.js';
import { serviceProblem, serviceProblemText } from './service-rules.js';
import { type ServiceBody, serviceBodyField } from './service-schema.js';

/** Where a definition stands: an API body, or a configuration file (more spellings, HCL blocks). */
export type DefinitionPlace = 'api' | 'file';

const serviceFields = { api: serviceBodyField('api'), file: serviceBodyField('file') };
const checkFields = { api: checkBodyField('own'), file: checkBodyField('file') };

/**
 * A service definition from a body or a file. Throws AppError('invalidArgument') in the words clients match on.
 */
export function decodeServiceDefinition(input: unknown, place: DefinitionPlace): ServiceDefinition {
  const body = decodeBody(serviceFields[place], input, place);
  const problem = serviceProblem(body);
  if (problem) throw new AppError('invalidArgument', serviceProblemText(problem));
  return toService(body);
}

/** A check definition of its own. Throws as `decodeServiceDefinition`. */
export function decodeCheckDefinition(input: unknown, place: DefinitionPlace): CheckDefinition {
  const body = decodeBody(checkFields[place], input, place);
  if (body.name === '') throw new AppError('invalidArgument', 'Missing check name');
  if (!isCheckStatus(body.status)) throw new AppError('invalidArgument', 'Bad check status');
  return checked(body);
}

function decodeBody<Body>(field: Field<Body>, input: unknown, place: DefinitionPlace): Body {
  const result = tryDecode(field, input, place === 'file' ? { hclBlocks: true } : { strict: 'types' });
  if (result.ok) return result.value;
  throw new AppError('invalidArgument', `Request decode failed: ${result.problems.map(problemText).join('; ')}`);
}

function checked(body: CheckBody): CheckDefinition {
  const problem = checkProblem(body);
  if (problem) throw new AppError('invalidArgument', problem);
  return toCheckDefinition(body);
}

function serviceChecks(body: ServiceBody): CheckDefinition[] {
  const bodies = [...body.check, ...body.checks];
  return bodies.map((check) => {
    if (!isCheckStatus(check.status))
      throw new AppError('invalidArgument', "Status for checks must 'passing', 'warning', 'critical'");
    return checked(check);
  });
}

/** A nested sidecar is a proxy although it does not say so. */
function toService(body: ServiceBody, isSidecar = false): ServiceDefinition {
  const sidecar = body.connect?.sidecarService;
  return {
    kind: body.kind as ServiceKind,
    id: body.id === '' ? body.name : body.id,
    service: body.name,
    tags: body.tags,
    address: body.address,
    port: body.port,
    socketPath: body.socketPath,
    taggedAddresses: withAddressFamilies(body),
    meta: body.meta,
    weights: body.weights ?? { passing: 1, warning: 1 },
    enableTagOverride: body.enableTagOverride,
    connect: { native: body.connect?.native ?? false },
    checks: serviceChecks(body),
    token: body.token,
    ...(body.proxy && (isSidecar || body.kind !== '') ? { proxy: body.proxy } : {}),
    ...(body.locality ? { locality: body.locality } : {}),
    ...(sidecar ? { sidecar: toService(sidecar, true) } : {}),
  };
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** `lan_ipv4` and the like follow from an address that is an IP (consul-behaviour 2.2). */
function withAddressFamilies(body: ServiceBody): Readonly<Record<string, ServiceAddress>> {
  if (body.address === '') return body.taggedAddresses;
  const family = IPV4.test(body.address) ? 'ipv4' : body.address.includes(':') ? 'ipv6' : undefined;
  if (family === undefined) return body.taggedAddresses;
  const own: ServiceAddress = { address: body.address, port: body.port };
  return { [`lan_${family}`]: own, [`wan_${family}`]: own, ...body.taggedAddresses };
}
