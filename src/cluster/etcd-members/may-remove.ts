/** A member as somebody sees it who asks it now and then. */
export interface SeenMember {
  /** etcd's id of it. */
  readonly id: string;
  /** Node id of its server; empty until it has started for the first time. */
  readonly name: string;
  readonly isLearner: boolean;
  /** How long it has not answered; 0 = it answers. */
  readonly silentMs: number;
}

/** Whether the voters that are left when one is removed have a majority that answers, and are not too few. */
export function mayRemove(
  members: readonly SeenMember[],
  gone: Pick<SeenMember, 'id'>,
  { minQuorum }: { readonly minQuorum: number },
): boolean {
  const voters = members.filter(({ isLearner }) => !isLearner);
  const left = voters.filter(({ id }) => id !== gone.id);
  const answering = (among: readonly SeenMember[]): number => among.filter(({ silentMs }) => silentMs === 0).length;
  const majority = (among: readonly SeenMember[]): number => Math.floor(among.length / 2) + 1;
  // The change itself needs a majority of those that are voters now.
  if (left.length === voters.length) return true;
  return (
    left.length > 0 &&
    left.length >= minQuorum &&
    answering(voters) >= majority(voters) &&
    answering(left) >= majority(left)
  );
}
