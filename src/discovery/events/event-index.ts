/**
 * The index at which a list of events stands, from the id of its last event: the two halves of the UUID, xor. It does not grow; it is
 * another one with each event (consul-behaviour.md 1.5).
 */
export function eventIndex(id: string): bigint {
  const digits = id.replaceAll('-', '');
  const value = BigInt(`0x${digits.slice(0, 16)}`) ^ BigInt(`0x${digits.slice(16)}`);
  return value === 0n ? 1n : value;
}
