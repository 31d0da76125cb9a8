/** Which figures are told to others. */
export interface NameRules {
  readonly metricsPrefix: string;
  readonly allowedPrefixes: readonly string[];
  readonly blockedPrefixes: readonly string[];
  readonly filterDefault: boolean;
}

/** The name a figure is told by: `consul.` becomes the configured prefix. */
export const publicName = (name: string, { metricsPrefix }: NameRules): string =>
  name.startsWith('consul.') ? `${metricsPrefix}${name.slice('consul'.length)}` : name;

/** Whether a figure is told: the longest prefix of the rules that fits decides. Names are public ones. */
export function isTold(name: string, rules: NameRules): boolean {
  const longest = (prefixes: readonly string[]): number =>
    Math.max(-1, ...prefixes.filter((prefix) => name.startsWith(prefix)).map((prefix) => prefix.length));
  const [allowed, blocked] = [longest(rules.allowedPrefixes), longest(rules.blockedPrefixes)];
  return allowed === blocked ? rules.filterDefault : allowed > blocked;
}
