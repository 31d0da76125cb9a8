import { AGENT_FLAGS, FILE_FLAGS } from '../../agent/config/index.js';
import { wrap } from '../help.js';

const INTRODUCTION = `Usage: meshwright agent [options]

  Runs a control plane until it is stopped: catalog, health checks, configuration, certificate authority, and the
  Envoy configuration of every proxy, over HTTP and xDS.

Examples:

  All in memory on this machine, to try things out:
    $ meshwright agent -dev

  A server that keeps its state:
    $ meshwright agent -server -data-dir /var/lib/meshwright

  With configuration files in HCL or JSON:
    $ meshwright agent -config-dir /etc/meshwright.d

  Reachable from other hosts, by its private address:
    $ meshwright agent -server -data-dir /var/lib/meshwright -bind '{{ GetPrivateIP }}' -client 0.0.0.0

Options:

`;

interface Described {
  readonly about: string;
  readonly value?: string;
  readonly withoutEffect?: true;
}

const all: readonly (readonly [string, Described])[] = [
  ...Object.entries<Described>(AGENT_FLAGS),
  ...Object.entries<Described>(FILE_FLAGS),
].sort(([a], [b]) => (a < b ? -1 : 1));

/** The flags of `agent` with what they mean, for completion. */
export const agentFlagWords = (): readonly { readonly word: string; readonly summary: string }[] =>
  all.map(([name, { about, withoutEffect }]) => ({
    word: `-${name}`,
    summary: withoutEffect ? `Accepted, no effect: ${about}` : about,
  }));

/** The text of `meshwright agent -help`. */
export function agentHelp(): string {
  const acting = all.filter(([, { withoutEffect }]) => !withoutEffect);
  const silent = all.filter(([, { withoutEffect }]) => withoutEffect).map(([name]) => `-${name}`);
  return [
    INTRODUCTION,
    ...acting.map(
      ([name, { about, value }]) => `  -${name}${value === undefined ? '' : ` ${value}`}\n${wrap(about, '      ')}`,
    ),
    `\n  Accepted for Consul's sake, without effect; the log names those that are given:\n\n`,
    wrap(silent.join(' '), '      '),
    '\n  All options of configuration files: docs/configuration.md\n',
  ].join('');
}
