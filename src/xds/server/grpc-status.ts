import { type ServiceError, status } from '@grpc/grpc-js';
import type { AppError, ErrorCode } from '../../core/index.js';

const codes: Readonly<Record<ErrorCode, status>> = {
  invalidArgument: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  permissionDenied: status.PERMISSION_DENIED,
  notFound: status.NOT_FOUND,
  methodNotAllowed: status.UNIMPLEMENTED,
  conflict: status.ABORTED,
  tooLarge: status.RESOURCE_EXHAUSTED,
  unsupported: status.UNIMPLEMENTED,
  busy: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  portTaken: status.UNAVAILABLE,
  corruptState: status.INTERNAL,
  cancelled: status.CANCELLED,
  internal: status.INTERNAL,
};

/** How an AppError ends a gRPC stream. The sentence goes into `grpc-message`, so lone surrogates are replaced. */
export function toGrpcStatus(error: AppError): Pick<ServiceError, 'code' | 'details'> {
  return { code: codes[error.code], details: Buffer.from(error.message).toString() };
}
