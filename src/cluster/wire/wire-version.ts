/** Which versions of what is said at the cluster door a member understands. Members from before versions were told say 0: that was 1. */
export interface WireRange {
  readonly wire: number;
  /** The oldest that it still speaks. */
  readonly oldestWire: number;
}

/** Ours. Fields that are only added make no new version; `oldestWire` rises when an old meaning is given up. */
export const OWN_WIRE: WireRange = { wire: 1, oldestWire: 1 };

/** Why a member of these versions cannot be understood here, with what to do; undefined = it can. */
export function wireProblem(who: string, other: Partial<WireRange>, own = OWN_WIRE): string | undefined {
  const [wire, oldest] = [other.wire || 1, other.oldestWire || 1];
  if (oldest > own.wire)
    return `${who} speaks versions ${oldest} to ${wire} of the cluster's protocol, this server ${own.wire} at most: upgrade the servers first`;
  if (wire < own.oldestWire)
    return `${who} speaks version ${wire} of the cluster's protocol, this server ${own.oldestWire} at least: upgrade ${who}`;
  return undefined;
}
