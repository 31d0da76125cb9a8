import { AppError } from '../../core/index.js';

/** A service's identity in a certificate (consul-behaviour.md 7.1). */
export interface ServiceIdentity {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly datacenter: string;
  readonly service: string;
}

const SERVICE = /^\/(?:ap\/[^/]+\/)?ns\/([^/]+)\/dc\/([^/]+)\/svc\/([^/]+)$/;
const OTHERS = /^(?:|\/|\/(?:ap\/[^/]+\/)?agent\/.*|\/(?:ap\/[^/]+\/)?gateway\/.*)$/;

/** The SPIFFE id of a service of the default namespace. */
export function serviceSpiffeId({ trustDomain, datacenter, service }: Omit<ServiceIdentity, 'namespace'>): string {
  return `spiffe://${trustDomain}/ns/default/dc/${datacenter}/svc/${encodeURIComponent(service)}`;
}

/** Reads the SPIFFE id of a service. Throws `invalidArgument` for what is no id, and for ids of other things. */
export function parseServiceSpiffeId(uri: string): ServiceIdentity {
  const parts = /^spiffe:\/\/([^/]+)(.*)$/.exec(uri);
  const path = parts?.[2] ?? '';
  const service = SERVICE.exec(path);
  if (parts === null || (service === null && !OTHERS.test(path)))
    throw new AppError('invalidArgument', 'ClientCertURI not a valid Connect identifier');
  if (service === null) throw new AppError('invalidArgument', 'ClientCertURI not a valid Service identifier');
  return {
    trustDomain: parts[1] ?? '',
    namespace: decode(service[1]),
    datacenter: decode(service[2]),
    service: decode(service[3]),
  };
}

function decode(part: string | undefined): string {
  try {
    return decodeURIComponent(part ?? '');
  } catch (thrown) {
    throw new AppError('invalidArgument', 'ClientCertURI not a valid Connect identifier', { cause: thrown });
  }
}
