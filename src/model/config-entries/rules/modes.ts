import type { ExposeSettings } from '../../records/proxy.js';
import type { MutualTlsMode, TransparentProxySettings } from '../shared-fields.js';
import { type Problem, firstProblem } from './problems.js';

/** `strict`, `permissive` or not given. */
export function mutualTlsModeProblem(mode: MutualTlsMode): Problem {
  if (['', 'strict', 'permissive'].includes(mode)) return undefined;
  return `MutualTLSMode: Invalid MutualTLSMode "${mode}". Must be one of "", "strict", or "permissive".`;
}

/** A port that exists; 0 = the default. */
export function outboundPortProblem({ outboundListenerPort }: TransparentProxySettings): Problem {
  return isPort(outboundListenerPort)
    ? undefined
    : `TransparentProxy.OutboundListenerPort must be between 0 and 65535, not ${outboundListenerPort}`;
}

/** Ports that exist, each once, and protocols that Envoy can be told. */
export function exposeProblem(expose: ExposeSettings): Problem {
  return firstProblem(expose.paths, (path, position) => {
    if (!isPort(path.listenerPort) || !isPort(path.localPathPort))
      return `Expose.Paths[${position}] ListenerPort and LocalPathPort must be between 0 and 65535`;
    if (!['', 'http', 'http2'].includes(path.protocol))
      return `Expose.Paths[${position}] Protocol must be "http" or "http2", not "${path.protocol}"`;
    const first = expose.paths.findIndex(({ listenerPort }) => listenerPort === path.listenerPort);
    return path.listenerPort === 0 || first === position
      ? undefined
      : `Expose.Paths[${position}] ListenerPort ${path.listenerPort} is that of Expose.Paths[${first}]: each needs its own`;
  });
}

function isPort(port: number): boolean {
  return port >= 0 && port <= 65535;
}
