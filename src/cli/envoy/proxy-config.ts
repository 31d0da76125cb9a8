import { AppError } from '../../core/index.js';

/** The opaque `Config` of a proxy, merged with central configuration (consul-behaviour.md 6.13). */
export type ProxyConfig = Readonly<Record<string, unknown>>;

/** A text setting; empty when it is not there. AppError('invalidArgument') when it is something else. */
export function textSetting(config: ProxyConfig, key: string): string {
  const value = config[key];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new AppError('invalidArgument', `${key} in the proxy's configuration must be text`);
}

/** A setting that holds JSON text. AppError('invalidArgument') when it is not JSON. */
export function jsonSetting(config: ProxyConfig, key: string): unknown {
  const text = textSetting(config, key);
  return text.trim() === '' ? undefined : parsed(text, key);
}

/** A setting that holds JSON objects with commas between them, without brackets. */
export function jsonListSetting(config: ProxyConfig, key: string): readonly unknown[] {
  const text = textSetting(config, key).trim().replace(/,$/, '');
  if (text === '') return [];
  const value = parsed(text.startsWith('[') ? text : `[${text}]`, key);
  return Array.isArray(value) ? value : [value];
}

function parsed(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AppError('invalidArgument', `${key} in the proxy's configuration is not JSON: ${why}`);
  }
}

/** `10.0.0.1:9102`, `[::1]:9102` or `:9102` as an address and a port. */
export function hostAndPort(text: string, key: string): { readonly address: string; readonly port: number } {
  const match = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535) throw new AppError('invalidArgument', `${key}: "${text}" must be written ADDRESS:PORT`);
  const address = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  return { address: address === '' ? '0.0.0.0' : address, port };
}
