import type { SecureContextOptions } from 'node:tls';
import { type Observable, Subject } from 'rxjs';
import { AppError, type Clock } from '../../core/index.js';
import type { JoinToken } from '../credentials/index.js';
import type { AgentFacts, LinkState, ServerLink, ServerPeer } from '../contract.js';
import { type Resolve, resolveJoinAddresses } from '../join-addresses.js';
import type { RenewedCredentials } from '../renewed-credentials.js';
import { serverNameOf } from '../trust.js';
import { type Admission, admissionByFiles } from './admission.js';
import type { CredentialsKeeper } from './agent-credentials.js';
import { HeldHeartbeat, type ServerWay } from './held-heartbeat.js';
import { type LinkLogger, LinkStanding } from './link-standing.js';
import { knock, ServerCalls } from './server-calls.js';
import { ServerChoice } from './server-choice.js';
import { type JoinWish, ServerSearch } from './server-search.js';
import { Timers } from './timers.js';
import { TokenAdmission } from './token-admission.js';
import { whoAnswers } from './who-answers.js';

/** How often an agent draws its server anew, so that one that came back gets its share. */
const REBALANCE_MS = 150_000;
const RENEW_CHECK_MS = 60_000;

export interface ServerLinkParts {
  readonly facts: AgentFacts;
  readonly join: JoinWish;
  /** How the agent is let in: by token, or with certificates of its own (`tls.internal_rpc`). */
  readonly admission:
    | { readonly token: JoinToken; readonly keeper?: CredentialsKeeper }
    | { readonly files: RenewedCredentials; readonly domain: string; readonly tls: SecureContextOptions };
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly resolve: Resolve;
  readonly logger: LinkLogger;
  /** All attempts are used up. */
  readonly onGiveUp: (error: AppError) => void;
}

/** Connects a client agent with its servers; it begins at once and goes on until `leave` or `close`. */
export function createServerLink(parts: ServerLinkParts): ServerLink {
  return new Link(parts);
}

/** A search finds the server that holds the heartbeat; over the heartbeat the agent learns of servers and keys; calls go to one of them. */
class Link implements ServerLink {
  readonly #resolve: Resolve;
  readonly #timers: Timers;
  readonly #standing: LinkStanding;
  readonly #choice: ServerChoice;
  readonly #admission: Admission;
  readonly #heartbeat: HeldHeartbeat;
  readonly #search: ServerSearch;
  readonly #calls: ServerCalls;
  readonly #replaced$ = new Subject<void>();
  /** Which state the servers had last; empty = none has said so. */
  #epoch = '';
  #facts: AgentFacts;
  #isClosed = false;

  constructor(parts: ServerLinkParts) {
    const { facts, join, clock, random, resolve, logger, onGiveUp } = parts;
    this.#facts = facts;
    this.#resolve = resolve;
    this.#timers = new Timers(clock);
    this.#standing = new LinkStanding(logger);
    this.#choice = new ServerChoice(random);
    this.#admission = this.#admissionOf(parts);
    this.#heartbeat = new HeldHeartbeat({
      facts: () => this.#facts,
      clock,
      timers: this.#timers,
      contact: (address) => this.#wayTo(address),
      onHeld: (server, servers) => this.#held(server, servers),
      onRefused: ({ code }) => {
        // A certificate that is not taken any more.
        if (code === 'unauthenticated') this.#admission.refused();
      },
      onLost: (problem) => {
        this.#standing.lost(problem);
        this.#search.wake();
      },
      heard: {
        servers: (servers) => this.#learn(servers),
        renewed: (certPem) => this.#admission.renewed(certPem),
        keys: (keys) => this.#admission.learnKeys(keys),
        epoch: (epoch) => this.#learnEpoch(epoch, logger),
      },
    });
    this.#calls = new ServerCalls({
      nodeName: facts.nodeName,
      choice: this.#choice,
      first: () => this.#heartbeat.server?.id,
      connections: () => (this.#isClosed ? undefined : this.#admission.connections),
      lastProblem: () => this.#standing.lastProblem,
    });
    this.#search = new ServerSearch({
      ...{ join, timers: this.#timers, choice: this.#choice, resolve, random, onGiveUp },
      holder: () => this.#heartbeat.server,
      hasJoined: () => this.#standing.hasJoined,
      whoAnswers,
      isGone: (address) => this.#admission.connections?.drop(address),
      moveTo: (address) => this.#tryToMove(address),
      onProblem: (problem) => this.#standing.note(problem),
      lastProblem: () => this.#standing.lastProblem,
    });
    this.#timers.every(RENEW_CHECK_MS, () => this.#admission.renewInTime());
    this.#timers.every(REBALANCE_MS * (1 + random()), () => this.#rebalance());
    void this.#search.run();
  }

  get state$(): Observable<LinkState> {
    return this.#standing.state$;
  }

  get replaced$(): Observable<void> {
    return this.#replaced$;
  }

  get servers$(): Observable<readonly ServerPeer[]> {
    return this.#choice.servers$;
  }

  get identity(): ServerLink['identity'] {
    const { certificate } = this.#admission;
    if (certificate === undefined) return undefined;
    const { clusterId, notAfterMs } = certificate;
    return { clusterId, node: this.#facts.nodeName, notAfterMs };
  }

  readonly request: ServerLink['request'] = (request) => this.#calls.request(request);
  readonly dns: ServerLink['dns'] = (message, from) => this.#calls.dns(message, from);
  readonly measure: ServerLink['measure'] = (server) => this.#calls.measure(server);
  readonly certify: ServerLink['certify'] = (request) => this.#calls.certify(request);
  readonly openAds: ServerLink['openAds'] = (options) => this.#calls.openAds(options);

  update(facts: AgentFacts): void {
    this.#facts = facts;
    this.#heartbeat.tellFacts();
  }

  async join(given: readonly string[]): Promise<number> {
    const problems: string[] = [];
    const addresses = await resolveJoinAddresses(given, this.#resolve, (problem) => problems.push(problem));
    let reached = 0;
    for (const address of addresses) {
      try {
        await knock(await this.#admission.contact(address), address);
        reached += 1;
      } catch (thrown) {
        problems.push(`${address}: ${AppError.from(thrown).message}`);
      }
    }
    if (reached === 0)
      throw new AppError('unavailable', `no server was reached: ${problems.join('; ') || 'no address was given'}`);
    this.#search.add(addresses);
    return reached;
  }

  async leave(timeoutMs: number): Promise<void> {
    await this.#heartbeat.leave(timeoutMs);
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timers.cancelAll();
    this.#heartbeat.close();
    this.#admission.close();
    this.#search.close();
    this.#standing.left();
    this.#choice.close();
  }

  #admissionOf({ admission, facts, clock }: ServerLinkParts): Admission {
    if ('files' in admission)
      return admissionByFiles(admission.files, admission.tls, serverNameOf(facts.datacenter, admission.domain));
    return new TokenAdmission({
      token: admission.token,
      keeper: admission.keeper,
      facts: () => this.#facts,
      serverName: serverNameOf(facts.datacenter, 'consul'),
      clock,
      say: (message) => this.#heartbeat.say(message),
      onServers: (servers) => this.#learn(servers),
      onNewKey: () => void this.#moveOver(),
      onProblem: (problem) => this.#standing.note(problem),
    });
  }

  async #wayTo(address: string): Promise<ServerWay> {
    const connections = await this.#admission.contact(address);
    return { client: connections.client(address), breakOff: () => connections.breakOff(address) };
  }

  #held(server: ServerPeer, servers: readonly ServerPeer[]): void {
    this.#admission.welcomed();
    this.#learn(servers);
    this.#standing.joined(server);
  }

  #learn(servers: readonly ServerPeer[]): void {
    for (const gone of this.#choice.learn(servers)) this.#admission.connections?.breakOff(gone);
    const holder = this.#heartbeat.server;
    if (holder !== undefined && this.#choice.isDraining(holder)) this.#search.wake();
  }

  #learnEpoch(epoch: string, logger: LinkLogger): void {
    const before = this.#epoch;
    this.#epoch = epoch;
    if (before === '' || before === epoch) return;
    logger.info({}, 'the state of the servers was replaced by a saved one: what this agent has is compared with it');
    this.#replaced$.next();
  }

  async #tryToMove(address: string): Promise<void> {
    try {
      await this.#heartbeat.moveTo(address);
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code === 'unavailable') this.#admission.connections?.breakOff(address);
      throw error;
    }
  }

  #rebalance(): void {
    const [drawn, holder] = [this.#choice.draw(), this.#heartbeat.server];
    if (drawn === undefined || holder === undefined || drawn.id === holder.id) return;
    this.#heartbeat.moveTo(drawn.address).catch((thrown: unknown) => this.#standing.note(AppError.from(thrown)));
  }

  /** To connections with the certificate of a newer key: the heartbeat now, and streams of proxies as their owners see fit. */
  async #moveOver(): Promise<void> {
    if (this.#heartbeat.server === undefined) return;
    await this.#heartbeat.moveToNewConnection();
    this.#choice.leaveAll();
  }
}
