const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const GROUP = /^[0-9a-fA-F]{1,4}$/;
const GROUPS = 8;

/** Whether a text is an IP address, and of which version; host names, ports, brackets and zones are not part of one. */
export function ipVersion(text: string): 4 | 6 | undefined {
  if (IPV4.test(text)) return 4;
  return isIpv6(text) ? 6 : undefined;
}

/** An IP address in the one form that equal addresses have in common; undefined for anything else. */
export function canonicalIp(text: string): string | undefined {
  const version = ipVersion(text);
  return version === 6 ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : version && text;
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (text.length > 45 || halves.length > 2 || !text.includes(':')) return false;
  const counts = halves.map((half, position) => countGroups(half, position === halves.length - 1));
  if (counts.includes(undefined)) return false;
  const given = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return halves.length === 2 ? given < GROUPS : given === GROUPS;
}

/** How many groups of 16 bits a part holds; undefined when it is malformed. The last may be a dotted IPv4 address. */
function countGroups(part: string, last: boolean): number | undefined {
  if (part === '') return 0;
  const groups = part.split(':');
  const tail = groups.at(-1) ?? '';
  const dotted = last && IPV4.test(tail);
  const plain = dotted ? groups.slice(0, -1) : groups;
  return plain.every((group) => GROUP.test(group)) ? plain.length + (dotted ? 2 : 0) : undefined;
}
