import { readFileSync } from 'node:fs';

/** The Consul whose behaviour this version follows. */
export const CONSUL_VERSION = '1.21';

/** The version of this program, from its package. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
