/** Whether a listener's hostname (`*.` may begin it; '' and `*` are every host) takes requests to a host. No case. */
export function hostMatches(listener: string, host: string): boolean {
  if (listener === '' || listener === '*') return true;
  const [pattern, name] = [listener.toLowerCase(), host.toLowerCase()];
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) && name.length >= pattern.length : name === pattern;
}

/**
 * The hosts that a route without wildcards serves at a listener: those of the route that the listener takes; the listener's own when
 * the route names none (`*` = every host). Sorted, each once; empty = none, so that the route has no place there.
 */
export function commonHostnames(listener: string, route: readonly string[]): readonly string[] {
  if (route.length === 0) return [listener === '' ? '*' : listener];
  return [...new Set(route.filter((host) => hostMatches(listener, host)).map((host) => host.toLowerCase()))].sort();
}
