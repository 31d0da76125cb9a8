import { PROXY_NUMBERS, numberSetting } from '../../mesh/proxy/index.js';
import type { OpaqueConfig } from '../../model/index.js';

/** A number of a proxy's configuration; undefined when it is not given, or cannot be carried out. */
export function configNumber(config: OpaqueConfig, key: keyof typeof PROXY_NUMBERS): number | undefined {
  return numberSetting(config, PROXY_NUMBERS, key);
}

/** A number above zero, for keys where zero means "not given". */
export function positiveConfigNumber(config: OpaqueConfig, key: keyof typeof PROXY_NUMBERS): number | undefined {
  return configNumber(config, key) || undefined;
}

/** A text of a proxy's configuration; empty when it is not given or not a text. */
export function configText(config: OpaqueConfig, key: string): string {
  const value = config[key];
  return typeof value === 'string' ? value : '';
}
