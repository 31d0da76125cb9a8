import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, type Clock, pauseOn } from '../../core/index.js';
import { type Endpoint, EtcdClient, type EtcdConnection } from '../../state/backend/etcd/client/index.js';
import type { Logger } from '../../telemetry/index.js';
import {
  handOver,
  mayRemove,
  type MemberChangeParts,
  memberOf,
  type MemberStatus,
  MemberWatch,
  removeMember,
  takeOut,
  transferLeader,
} from '../etcd-members/index.js';
import type { EtcdBinary } from './binary.js';
import { type BeginningParts, findBeginning, joinCluster } from './find-beginning.js';
import { elsewhere } from './forming.js';
import { clientUrlOf, type MemberSettings, peerUrlOf } from './member-arguments.js';
import { MemberCertificates, type MemberCredentials } from './member-certificates.js';
import { MemberFolder } from './member-folder.js';
import { MemberProcess } from './member-process.js';
import { Neighbours, type OwnServer } from './neighbours.js';
import type { OtherServers } from './other-servers.js';
import { reasonOf } from './reason.js';
import type { ReplacementRules } from './replacement.js';
import { StateConnection } from './state-connection.js';
import { announceAddress, replaceDead } from './tend-members.js';
import { WaitingReport } from './waiting-report.js';

const LOOK_AGAIN_MS = 300;
const KEEP_MS = 2000;
/** For so long a member that starts need not answer. */
const STARTING_MS = 5000;

export interface ManagedEtcdParts {
  readonly binary: EtcdBinary;
  readonly settings: MemberSettings;
  /** Folder of the member: data, certificates, and what this server remembers of it. */
  readonly folder: string;
  readonly self: OwnServer;
  /** `bootstrap_expect`; 0 = join only. */
  readonly expect: number;
  readonly credentials: MemberCredentials;
  readonly others: OtherServers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told what the start waits for, as the log is. */
  readonly onWaiting?: (text: string) => void;
}

/**
 * The etcd member beside this server: run, supervised, made part of the one cluster of all servers, and taken out of it again.
 * Everything is refused with AppError that says what to do.
 */
export class ManagedEtcd {
  readonly #parts: ManagedEtcdParts;
  readonly #folder: MemberFolder;
  readonly #certificates: MemberCertificates;
  readonly #process: MemberProcess;
  readonly #neighbours: Neighbours;
  readonly #connection: StateConnection;
  readonly #watch: MemberWatch;
  readonly #waiting: WaitingReport;
  #client: EtcdClient | undefined;
  #members: readonly MemberStatus[] = [];
  #rules: () => ReplacementRules = () => ({ cleanupDeadServers: true, deadAfterMs: 30_000, minQuorum: 0 });
  #isPart = false;
  #stopped = false;
  #restarted = Promise.resolve();
  #cancelKeep: () => void = () => undefined;

  constructor(parts: ManagedEtcdParts) {
    const { settings, self, clock, logger, credentials, folder: path, onWaiting } = parts;
    this.#parts = parts;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    const folder = new MemberFolder(path);
    this.#folder = folder;
    this.#certificates = new MemberCertificates(join(path, 'tls'), settings.serverName, credentials);
    this.#connection = new StateConnection([clientUrlOf(settings)], this.#certificates.tls);
    this.#watch = new MemberWatch((url) => ({ endpoints: [url], tls: this.#connection.tls }), clock);
    this.#waiting = new WaitingReport(clock, logger, onWaiting);
    this.#process = new MemberProcess({ ...parts, name: self.id, folder, tlsFolder: this.#certificates.folder });
    this.#neighbours = new Neighbours({
      ...parts,
      record: () => folder.record,
      member: () => ({ isRunning: this.#isPart, clusterId: this.#client?.clusterId }),
    });
  }

  /** How the state is reached. */
  get connection(): EtcdConnection {
    return this.#connection.current;
  }

  /** All members as they were seen last; empty before `start` has resolved. */
  get members(): readonly MemberStatus[] {
    return this.#members;
  }

  /**
   * Goes on with newer certificates. etcd reads its own at the next connection; the authorities that it trusts it reads at its start
   * only, so that it is started anew when they are others (see `settled`).
   */
  renew(credentials: MemberCredentials): void {
    const isOtherTrust = this.#certificates.replace(credentials);
    const { tls } = this.#certificates;
    this.#watch.close();
    this.#client?.endpoints.replace(this.#connection.endpoints, tls);
    this.#connection.renew(tls);
    if (isOtherTrust && this.#process.isRunning) this.#restarted = this.#restarted.then(() => this.#restart());
  }

  /** Resolves when the member answers with what `renew` gave it last. */
  settled(): Promise<void> {
    return this.#restarted;
  }

  /** Where the rules for removing dead members come from, once the state is there. */
  obey(rules: () => ReplacementRules): void {
    this.#rules = rules;
  }

  /** Forms or joins the cluster, however long that takes; resolves when our member votes and answers. Rejects after `stop`. */
  async start(): Promise<void> {
    this.#certificates.write();
    this.#neighbours.answer();
    this.#process.start(await findBeginning(this.#beginningParts()));
    await this.#untilVoter();
    this.#isPart = true;
    this.#parts.logger.info({ version: this.#parts.binary.version }, 'the etcd member of this server is ready');
    this.#keepLater();
  }

  /** Takes the member of a server out of the cluster. Throws AppError when it is not there, or a majority would be lost. */
  async removeMember(nodeId: string): Promise<void> {
    const member = memberOf(this.#members, nodeId);
    await removeMember(member, `the etcd member of server ${nodeId}`, this.#changeParts());
    this.#parts.logger.info({ server: nodeId }, 'the etcd member of a server was removed, as asked');
    await this.#look();
  }

  /** Makes the member of another server the leader; without `nodeId` any that answers. Throws AppError. */
  async transferLeader(nodeId: string): Promise<void> {
    await transferLeader(nodeId, this.#changeParts());
    await this.#look();
  }

  /** Takes our own member out of the cluster for good, unless the others would have no majority: then it stays as it is. */
  async leave(): Promise<void> {
    const { logger } = this.#parts;
    await this.#look().catch(() => undefined);
    const own = this.#own();
    if (!own || this.#members.length < 2 || !mayRemove(this.#members, own, { minQuorum: 0 })) {
      logger.warn({}, 'the etcd member stays part of the cluster: without it the others would have no majority');
      return;
    }
    this.#end();
    try {
      await handOver(own, this.#changeParts()).catch(() => undefined);
      await takeOut(own, this.#changeParts());
    } catch (thrown) {
      logger.warn({}, `the etcd member could not leave the cluster: ${reasonOf(thrown)}`);
      return;
    }
    await this.#process.stop();
    this.#folder.forget();
    logger.info({}, 'the etcd member has left the cluster');
  }

  /** Ends the member, which stays part of the cluster. Call it when nobody uses the state any more. */
  async stop(): Promise<void> {
    this.#end();
    this.#neighbours.close();
    this.#client?.close();
    this.#watch.close();
    await this.#process.stop();
  }

  #end(): void {
    this.#stopped = true;
    this.#cancelKeep();
    this.#waiting.end();
    this.#process.expectEnd();
  }

  async #untilVoter(): Promise<void> {
    const { clock, settings } = this.#parts;
    const { tell } = this.#waiting;
    const client = (this.#client ??= this.#connect([clientUrlOf(settings)]));
    const sinceMs = clock.now();
    for (;;) {
      if (this.#process.wasRemoved) await this.#joinAnew();
      let votes = false;
      try {
        const own = client.endpoints.all[0] as Endpoint;
        const { isLearner, leader } = await client.status(own);
        if (isLearner) tell('the etcd member of this server is catching up with the others');
        else if (leader === '0') tell('the etcd member of this server sees no majority yet');
        else {
          await this.#look();
          votes = true;
        }
      } catch (thrown) {
        if (clock.now() - sinceMs >= STARTING_MS)
          tell(`the etcd member of this server does not answer yet: ${reasonOf(thrown)}`);
      }
      await this.#checkCluster();
      if (votes) return;
      await this.#pause(LOOK_AGAIN_MS);
    }
  }

  /** Data that were copied, or left over from another cluster, would make a second one beside that of the servers that are reached. */
  async #checkCluster(): Promise<void> {
    if (!this.#process.hasContinued) return;
    const other = elsewhere(this.#client?.clusterId, await this.#neighbours.ask());
    if (other === undefined) return;
    const { folder } = this.#parts;
    throw new AppError(
      'corruptState',
      `the data in ${folder} are of another etcd cluster than that of server "${other.node}" (${other.address}): remove ${folder} and this server joins the others, or correct retry_join`,
    );
  }

  #keepLater(): void {
    if (this.#stopped) return;
    this.#cancelKeep = this.#parts.clock.after(KEEP_MS, () => {
      this.#keep()
        .catch((thrown: unknown) => this.#waiting.tell(`the etcd members cannot be listed: ${reasonOf(thrown)}`))
        .finally(() => this.#keepLater());
    });
  }

  /** What is looked after every two seconds. */
  async #keep(): Promise<void> {
    if (this.#process.wasRemoved) {
      this.#isPart = false;
      await this.#joinAnew();
      await this.#untilVoter();
      this.#isPart = true;
      return;
    }
    await this.#look();
    const { settings, logger } = this.#parts;
    const tools = { client: this.#started(), logger };
    const own = this.#own();
    if (own) await announceAddress(own, peerUrlOf(settings), tools);
    if (own?.isLeader)
      await replaceDead(this.#members, this.#rules(), this.#neighbours.someoneWaits(this.#members), tools);
  }

  async #look(): Promise<void> {
    const { members } = await this.#started().members();
    this.#members = await this.#watch.look(members);
    this.#remember();
  }

  /** Voters, our own first, are whom the state is asked of. */
  #remember(): void {
    const { self, settings } = this.#parts;
    const own = clientUrlOf(settings);
    const others = this.#members
      .filter(({ isLearner, name }) => !isLearner && name !== self.id)
      .flatMap(({ clientUrls }) => clientUrls);
    const endpoints = [own, ...others.filter((url) => url !== own)];
    const { record } = this.#folder;
    const decided = record.decided ?? { attempt: 'joined', founders: [{ id: self.id, peerUrl: peerUrlOf(settings) }] };
    this.#folder.write({ decided, hasRun: true, clientUrls: endpoints });
    if (this.#connection.moveTo(endpoints)) this.#client?.endpoints.replace(endpoints);
  }

  /** The others have removed our member while it was away: its data are of no use, it begins anew. */
  async #joinAnew(): Promise<void> {
    this.#parts.logger.warn({}, 'the others have removed the etcd member of this server: it joins them anew');
    await this.#process.stop();
    this.#folder.putDataAside();
    this.#process.wasRemoved = false;
    this.#process.start(await joinCluster(this.#beginningParts()));
  }

  /** Under new authorities; it goes on as it was, and the others keep the majority meanwhile. */
  async #restart(): Promise<void> {
    if (this.#stopped) return;
    const own = this.#own();
    if (own) await handOver(own, this.#changeParts()).catch(() => undefined);
    this.#process.expectEnd();
    await this.#process.stop();
    if (this.#stopped) return;
    this.#process.start();
    // A member that does not vote yet is waited for by who started it.
    if (this.#isPart) await this.#untilVoter();
    this.#parts.logger.info({}, 'the etcd member was started anew with the cluster keys that are trusted now');
  }

  #own(): MemberStatus | undefined {
    return this.#members.find(({ name }) => name === this.#parts.self.id);
  }

  #beginningParts(): BeginningParts {
    return {
      ...this.#parts,
      folder: this.#folder,
      neighbours: this.#neighbours,
      connect: (endpoints) => this.#connect(endpoints),
      tell: this.#waiting.tell,
      pause: (delayMs) => this.#pause(delayMs),
    };
  }

  #changeParts(): MemberChangeParts {
    const { clock } = this.#parts;
    return { members: this.#members, client: this.#started(), connect: (urls) => this.#connect(urls), clock };
  }

  #started(): EtcdClient {
    if (!this.#client) throw new AppError('unavailable', 'the etcd member has not started yet');
    return this.#client;
  }

  #connect(endpoints: readonly string[]): EtcdClient {
    const { clock } = this.#parts;
    return new EtcdClient(
      { endpoints, tls: this.#connection.tls },
      { now: () => clock.now(), pause: (delayMs) => pauseOn(clock, delayMs) },
    );
  }

  async #pause(delayMs: number): Promise<void> {
    await pauseOn(this.#parts.clock, delayMs);
    if (this.#stopped) throw new AppError('cancelled', 'the agent is stopping');
  }
}
