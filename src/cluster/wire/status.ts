import { type ServiceError, status } from '@grpc/grpc-js';
import { AppError, type ErrorCode } from '../../core/index.js';

const CODES: Readonly<Partial<Record<status, ErrorCode>>> = {
  [status.INVALID_ARGUMENT]: 'invalidArgument',
  [status.UNAUTHENTICATED]: 'unauthenticated',
  [status.PERMISSION_DENIED]: 'permissionDenied',
  [status.NOT_FOUND]: 'notFound',
  [status.ABORTED]: 'conflict',
  [status.RESOURCE_EXHAUSTED]: 'busy',
  [status.UNIMPLEMENTED]: 'unsupported',
  [status.CANCELLED]: 'cancelled',
};

/** How TLS says that a certificate is for other names. */
const WRONG_NAME = /Host: (\S+?)\.? is not in the cert's altnames: (.*)$/;

/** How TLS says that nobody we trust has issued a certificate. */
const STRANGER = /self.signed certificate|unable to (?:get|verify)|certificate signature failure/i;

/** What a call of ours failed with. What is no answer of the other end is `unavailable` and names it. */
export function errorOfCall({ code, details }: ServiceError, address: string): AppError {
  const known = CODES[code];
  if (known !== undefined) return new AppError(known, details);
  const [, wanted, shown = ''] = WRONG_NAME.exec(details) ?? [];
  if (wanted !== undefined) {
    const [name = 'no server'] = /\bserver\.[^\s,]+/.exec(shown) ?? [];
    return new AppError(
      'unavailable',
      `the agent at ${address} is not a server of this datacenter: it is ${name}, not ${wanted}`,
    );
  }
  if (STRANGER.test(details))
    return new AppError(
      'unauthenticated',
      `the server at ${address} is of another cluster: its certificate is not of the cluster key that is known here; correct the address, or give this agent the key (encrypt) or join token that is in use there`,
    );
  return new AppError('unavailable', `the server at ${address} did not answer: ${details || status[code]}`);
}
