import type { DnsSettings } from '../dns-deps.js';

/** A name of ours, taken apart. */
export interface RelativeName {
  /** What stands before the domain, without the dot between them. */
  readonly relative: string;
  /** How many characters at the end of the name are the domain's, the last dot included. */
  readonly domainLength: number;
}

/** Takes a name (lower case, with its dot) apart when it is in the domain or the alternative one; the longer one counts. */
export function relativeName(
  name: string,
  { domain, altDomain }: Pick<DnsSettings, 'domain' | 'altDomain'>,
): RelativeName | undefined {
  const [longer, shorter] = altDomain.length > domain.length ? [altDomain, domain] : [domain, altDomain];
  return inDomain(name, longer) ?? (shorter === '' ? undefined : inDomain(name, shorter));
}

function inDomain(name: string, domain: string): RelativeName | undefined {
  const domainLength = domain.length + 1;
  if (name === `${domain}.`) return { relative: '', domainLength };
  if (!name.endsWith(`.${domain}.`)) return undefined;
  return { relative: name.slice(0, -domainLength - 1), domainLength };
}
