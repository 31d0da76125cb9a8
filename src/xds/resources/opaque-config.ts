import type { OpaqueConfig } from '../../model/index.js';

/** A number of a proxy's configuration; numbers given as text count, anything else is as if not given. */
export function configNumber(config: OpaqueConfig, key: string): number | undefined {
  const value = config[key];
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? Math.trunc(number) : undefined;
}

/** A number above zero, for keys where zero means "not given". */
export function positiveConfigNumber(config: OpaqueConfig, key: string): number | undefined {
  const number = configNumber(config, key);
  return number !== undefined && number > 0 ? number : undefined;
}

/** A text of a proxy's configuration; empty when it is not given or not a text. */
export function configText(config: OpaqueConfig, key: string): string {
  const value = config[key];
  return typeof value === 'string' ? value : '';
}
