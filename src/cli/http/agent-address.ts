import { UsageError } from '../usage-error.js';

/** Where an agent's HTTP API is. */
export type AgentAddress =
  | {
      readonly type: 'tcp';
      readonly secure: boolean;
      readonly host: string;
      readonly port: number;
      readonly basePath: string;
    }
  | { readonly type: 'unix'; readonly path: string };

/** Reads `host:port`, `http://…`, `https://…` or `unix://…`. `secure` applies where the text has no scheme. */
export function parseAgentAddress(text: string, secure: boolean): AgentAddress {
  if (text.startsWith('unix://')) return { type: 'unix', path: text.slice('unix://'.length) };
  const withHost = text.startsWith(':') ? `127.0.0.1${text}` : text;
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(withHost)
    ? withHost
    : `${secure ? 'https' : 'http'}://${withHost}`;
  let url: URL;
  try {
    url = new URL(withScheme);
  } catch {
    throw new UsageError(
      `"${text}" is not an agent address: write HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix://PATH`,
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`the scheme of the agent address "${text}" must be http, https or unix`);
  const isSecure = url.protocol === 'https:';
  return {
    type: 'tcp',
    secure: isSecure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    basePath: url.pathname.replace(/\/+$/, ''),
  };
}

/** For messages: `http://127.0.0.1:8500`. */
export function describeAddress(address: AgentAddress): string {
  if (address.type === 'unix') return `unix://${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.secure ? 'https' : 'http'}://${host}:${address.port}${address.basePath}`;
}
