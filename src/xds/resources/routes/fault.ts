import type { Fault } from '../../../model/config-entries/index.js';
import { type PackedAny, packAny } from '../../envoy-api/index.js';
import { durationOf } from '../config-sources.js';
import { fractionalPercent } from './percent.js';

const FAULT = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

/** The filter as it stands in a chain: it does what routes say, by itself nothing. */
export const idleFaultFilter = (): PackedAny => packAny(FAULT, {});

/** The faults of a route. */
export function routeFault({ delay, abort }: Fault): PackedAny {
  return packAny(FAULT, {
    ...(delay
      ? { delay: { fixed_delay: durationOf(delay.durationMs), percentage: fractionalPercent(delay.percent) } }
      : {}),
    ...(abort
      ? {
          abort: {
            ...(abort.httpStatus > 0 ? { http_status: abort.httpStatus } : { grpc_status: abort.grpcStatus }),
            percentage: fractionalPercent(abort.percent),
          },
        }
      : {}),
  });
}
