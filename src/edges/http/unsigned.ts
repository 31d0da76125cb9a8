import { AppError } from '../../core/index.js';

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** An unsigned 64 bit number. What is none is `invalidArgument`, in the words that clients of Go servers know. */
export function parseUnsigned(value: string): bigint {
  const shown = JSON.stringify(value);
  if (!/^\d+$/.test(value))
    throw new AppError('invalidArgument', `strconv.ParseUint: parsing ${shown}: invalid syntax`);
  if (value.length > 40 || BigInt(value) > MAX_UINT64)
    throw new AppError('invalidArgument', `strconv.ParseUint: parsing ${shown}: value out of range`);
  return BigInt(value);
}
