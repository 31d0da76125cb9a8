import { AppError, ipVersion } from '../../core/index.js';
import { exposeProblem, outboundPortProblem } from '../../model/config-entries/rules/modes.js';
import { upstreamProblems } from '../../model/definitions/index.js';
import { accessLogsProblem } from '../../model/config-entries/rules/access-logs.js';
import type { ProxySettings, Upstream } from '../../model/index.js';
import { registrationEscapeProblems } from '../../xds/resources/index.js';

const PORT = 65_535;

/**
 * Refuses the `Proxy` of a registration that no Envoy could carry out, while whoever wrote it is still there: places to listen,
 * exposed paths, access logs, and messages for Envoy that are none. Throws AppError('invalidArgument') that names every such field.
 * Not for what is stored already: a proxy keeps what it has, and its problems are listed.
 */
export function checkProxy(proxy: ProxySettings | undefined): void {
  if (proxy === undefined) return;
  const problems = [
    exposeProblem(proxy.expose),
    proxy.accessLogs && accessLogsProblem(proxy.accessLogs),
    proxy.transparentProxy && outboundPortProblem(proxy.transparentProxy),
    ...upstreamProblems(proxy.upstreams),
    ...proxy.upstreams.map(placeProblem),
    ...registrationEscapeProblems(proxy),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new AppError('invalidArgument', `Invalid proxy registration: ${problems.join('; ')}`);
}

/** Where an upstream is to listen. */
function placeProblem(upstream: Upstream, position: number): string | undefined {
  const { localBindAddress: address, localBindPort: port, localBindSocketMode: mode } = upstream;
  const at = `Proxy.Upstreams[${position}]`;
  if (port < 0 || port > PORT) return `${at}.LocalBindPort must be between 0 and ${PORT}, not ${port}`;
  if (address !== '' && ipVersion(address) === undefined)
    return `${at}.LocalBindAddress must be an IP address, not "${address}"`;
  return mode === '' || /^0*[0-7]{1,3}$/.test(mode)
    ? undefined
    : `${at}.LocalBindSocketMode must be octal digits up to "0777", not "${mode}"`;
}
