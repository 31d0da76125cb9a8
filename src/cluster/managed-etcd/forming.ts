/** A founding member of the etcd cluster. */
export interface Founder {
  /** Id of the server's node; also the name of its member. */
  readonly id: string;
  readonly peerUrl: string;
}

/** Which servers found the cluster. `attempt` names it for ever: no two plans share one. */
export interface FoundingPlan {
  readonly attempt: string;
  /** Sorted by id. */
  readonly founders: readonly Founder[];
}

/** What a server tells the others of itself while the cluster forms, and later. */
export interface Introduction {
  readonly id: string;
  readonly node: string;
  readonly datacenter: string;
  /** `host:port` at which it answers introductions. */
  readonly address: string;
  readonly peerUrl: string;
  readonly clientUrl: string;
  /** `bootstrap_expect`; 0 = it founds nothing, it only joins. */
  readonly expect: number;
  /** Who answers behind each of its join addresses; null = nobody yet. */
  readonly joined: readonly (string | null)[];
  /** The plan it asks the others to promise. */
  readonly proposal?: FoundingPlan;
  /** Whose attempt it has promised. */
  readonly promise?: FoundingPromise;
  /** The plan that is settled for good. */
  readonly decided?: FoundingPlan;
  /** Its own member is part of the cluster and answers. */
  readonly running: boolean;
  /** The etcd cluster that its member is of; absent = it does not know yet. */
  readonly cluster?: string;
}

/** Who runs in another etcd cluster than this server's member, whose data are then of no use here; undefined = nobody. */
export function elsewhere(own: string | undefined, others: readonly Introduction[]): Introduction | undefined {
  if (own === undefined) return undefined;
  return others.find(({ running, cluster }) => running && cluster !== undefined && cluster !== own);
}

export interface FoundingPromise {
  readonly coordinator: string;
  readonly attempt: string;
}

/** What a server must not forget. Written down before anybody is told. */
export interface FoundingRecord {
  readonly promise?: FoundingPromise;
  readonly decided?: FoundingPlan;
}

export interface FormingState {
  readonly record: FoundingRecord;
  /** Forgotten at a restart, which thereby gives the attempt up. */
  readonly proposal?: FoundingPlan;
}

export interface FormingInput {
  readonly self: Founder & { readonly expect: number; readonly datacenter: string };
  readonly state: FormingState;
  /** As `Introduction.joined`. */
  readonly joined: readonly (string | null)[];
  /**
   * The newest answer of each server that answered lately, without ourselves. An answer counts only when its question was asked
   * after the answer before it had come.
   */
  readonly others: readonly Introduction[];
  readonly newAttempt: () => string;
}

export interface FormingStep {
  readonly state: FormingState;
  /** Why nothing is settled yet, for the log. Absent when the plan is decided. */
  readonly waitsFor?: string;
}

/**
 * One step towards exactly one cluster: pure, so that every order of events can be tried. The server with the smallest id among
 * those that expect the same number proposes a plan; a server promises one attempt at a time, keeps its word over restarts, and is
 * free again only when the coordinator itself no longer makes the attempt. The plan is decided when every founder, and every server
 * behind a join address of a founder, has promised it. Two plans would need two promises of a server that both lists lead to.
 */
export function formingStep(input: FormingInput): FormingStep {
  const { state } = input;
  if (state.record.decided) return { state };
  const settled = input.others.find(({ decided }) => decided)?.decided;
  if (settled) return { state: { record: { decided: settled } } };
  if (state.record.promise) return keepPromise(input, state.record.promise);
  const problem = disagreement(input);
  if (problem !== undefined) return { state: { record: {} }, waitsFor: problem };
  const candidates = candidatesOf(input);
  const first = candidates[0]?.id;
  if (first === input.self.id) return coordinate(input, candidates);
  const proposal = input.others.find(({ id }) => id === first)?.proposal;
  if (!proposal || first === undefined) return { state: { record: {} }, waitsFor: waiting(input, candidates) };
  const promise = { coordinator: first, attempt: proposal.attempt };
  return { state: { record: { promise } }, waitsFor: `the other servers' promises to found the cluster` };
}

function keepPromise({ others }: FormingInput, promise: FoundingPromise): FormingStep {
  const coordinator = others.find(({ id }) => id === promise.coordinator);
  if (coordinator && coordinator.proposal?.attempt !== promise.attempt)
    return { state: { record: {} }, waitsFor: 'a new proposal: the last was given up' };
  return {
    state: { record: { promise } },
    waitsFor: coordinator
      ? `the other servers' promises to found the cluster`
      : `server ${promise.coordinator}, which was about to found the cluster, to answer`,
  };
}

function disagreement({ self, others }: FormingInput): string | undefined {
  const elsewhere = others.find(({ datacenter }) => datacenter !== self.datacenter);
  if (elsewhere)
    return `server ${elsewhere.node} (${elsewhere.address}) is of datacenter ${elsewhere.datacenter}, this one of ${self.datacenter}: correct datacenter or retry_join`;
  if (self.expect === 0) return undefined;
  const other = others.find(({ expect }) => expect > 0 && expect !== self.expect);
  return (
    other &&
    `bootstrap_expect is ${self.expect} here and ${other.expect} on ${other.node} (${other.address}): give all servers the same`
  );
}

/** Who could found, ourselves included, by id. */
function candidatesOf({ self, others }: FormingInput): Founder[] {
  return [...others.filter(({ expect }) => expect > 0), ...(self.expect > 0 ? [self] : [])]
    .map(({ id, peerUrl }) => ({ id, peerUrl }))
    .sort((left, right) => (left.id < right.id ? -1 : 1));
}

function coordinate(input: FormingInput, candidates: readonly Founder[]): FormingStep {
  const { self, state, newAttempt } = input;
  if (candidates.length < self.expect || input.joined.includes(null))
    return { state: { record: {} }, waitsFor: waiting(input, candidates) };
  const founders = candidates.slice(0, self.expect);
  const kept = state.proposal && sameFounders(state.proposal.founders, founders) ? state.proposal : undefined;
  const proposal = kept ?? { attempt: newAttempt(), founders };
  if (kept && isPromised(input, kept)) return { state: { record: { decided: kept } } };
  return { state: { record: {}, proposal }, waitsFor: `the other servers' promises to found the cluster` };
}

const sameFounders = (left: readonly Founder[], right: readonly Founder[]): boolean =>
  left.length === right.length &&
  left.every(({ id, peerUrl }, at) => id === right[at]?.id && peerUrl === right[at]?.peerUrl);

function isPromised({ self, joined, others }: FormingInput, { attempt, founders }: FoundingPlan): boolean {
  const byId = new Map(others.map((other) => [other.id, other]));
  const required = new Set<string | null>(founders.map(({ id }) => id));
  for (const { id } of founders)
    for (const behind of id === self.id ? joined : (byId.get(id)?.joined ?? [null])) required.add(behind);
  required.delete(self.id);
  return [...required].every((id) => id !== null && byId.get(id)?.promise?.attempt === attempt);
}

function waiting({ self, joined }: FormingInput, candidates: readonly Founder[]): string {
  const silent = joined.filter((id) => id === null).length;
  if (self.expect === 0) return 'a server that is part of a cluster';
  if (candidates.length < self.expect)
    return `${self.expect - candidates.length} more of ${self.expect} servers (bootstrap_expect) to be found`;
  if (silent > 0) return `an answer from ${silent} of the ${joined.length} addresses of retry_join`;
  return 'a proposal of the server with the smallest id';
}
