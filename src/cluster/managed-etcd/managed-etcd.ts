import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, type Clock, pauseOn } from '../../core/index.js';
import {
  type Endpoint,
  EtcdClient,
  type EtcdConnection,
  EtcdError,
  type EtcdTls,
} from '../../state/backend/etcd/client/index.js';
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
import { EtcdLog } from './etcd-log.js';
import { elsewhere, type FormingState, formingStep, type Introduction } from './forming.js';
import { becomeLearner } from './become-learner.js';
import { MemberFolder } from './member-folder.js';
import { decodeIntroduction, encodeIntroduction, INTRODUCTION } from './introduction.js';
import {
  clientUrlOf,
  memberArguments,
  type MemberBeginning,
  type MemberSettings,
  peerUrlOf,
} from './member-arguments.js';
import type { OtherServers } from './other-servers.js';
import { nextChange, type ReplacementRules } from './replacement.js';
import { SupervisedProcess } from './supervised-process.js';

const FORMING_MS = 300;
const ASK_MS = 2000;
const KEEP_MS = 2000;
/** A server that waits to join asks more often than that. */
const NEWCOMER_MS = 10_000;
const TELL_AGAIN_MS = 30_000;
/** For so long a member that starts need not answer. */
const STARTING_MS = 5000;
const REMOVED = /the member has been permanently removed from the cluster|data-dir used by this member must be removed/;

/** PEM texts: of the authority, and of this server's certificate for its addresses. */
export interface MemberCredentials {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

export interface ManagedEtcdParts {
  readonly binary: EtcdBinary;
  readonly settings: MemberSettings;
  /** Folder of the member: data, certificates, and what this server remembers of it. */
  readonly folder: string;
  readonly self: { readonly id: string; readonly node: string; readonly datacenter: string; readonly address: string };
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
  readonly #process: SupervisedProcess;
  readonly #watch: MemberWatch;
  readonly #log: EtcdLog;
  /** When a server last introduced itself that is not a member. */
  readonly #newcomers = new Map<string, number>();
  readonly #followers = new Set<(endpoints: readonly string[], tls?: EtcdTls) => void>();
  #tls: EtcdTls;
  #beginning: MemberBeginning = { type: 'continue' };
  #proposal: FormingState['proposal'];
  #endpoints: readonly string[];
  #client: EtcdClient | undefined;
  #members: readonly MemberStatus[] = [];
  #rules: () => ReplacementRules = () => ({ cleanupDeadServers: true, deadAfterMs: 30_000, minQuorum: 0 });
  #running = false;
  #wasRemoved = false;
  #stopped = false;
  #restarted = Promise.resolve();
  #cancelKeep: () => void = () => undefined;
  #stopAnswering: () => void = () => undefined;
  #told = { text: '', atMs: 0 };

  constructor(parts: ManagedEtcdParts) {
    const { settings, binary, clock, logger, credentials, folder } = parts;
    this.#parts = parts;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    this.#folder = new MemberFolder(folder);
    this.#endpoints = [clientUrlOf(settings)];
    this.#tls = tlsOf(credentials, settings);
    this.#watch = new MemberWatch((url) => ({ endpoints: [url], tls: this.#tls }), clock);
    this.#log = new EtcdLog(logger, clock.now, (message) => {
      if (REMOVED.test(message)) this.#wasRemoved = true;
    });
    this.#process = new SupervisedProcess({
      program: binary.path,
      args: () => this.#arguments(),
      env: withoutEtcdOptions(process.env),
      pidFile: join(folder, 'etcd.pid'),
      clock,
      onOutput: (text) => this.#log.push(text),
      onExit: (how, restartInMs) => this.#onExit(how, restartInMs),
    });
  }

  /** How the state is reached: our own member first, then the others, as they come and go. */
  get connection(): EtcdConnection {
    return {
      endpoints: this.#endpoints,
      tls: this.#tls,
      follow: (onChange) => {
        this.#followers.add(onChange);
        return () => void this.#followers.delete(onChange);
      },
    };
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
    const isOtherTrust = authoritiesIn(String(this.#tls.ca)) !== authoritiesIn(credentials.caPem);
    this.#writeCertificates(credentials);
    this.#tls = tlsOf(credentials, this.#parts.settings);
    this.#watch.close();
    this.#client?.endpoints.replace(this.#endpoints, this.#tls);
    for (const follower of this.#followers) follower(this.#endpoints, this.#tls);
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
    this.#writeCertificates(this.#parts.credentials);
    this.#stopAnswering = this.#parts.others.answer(INTRODUCTION, (body) => {
      const other = decodeIntroduction(body);
      if (other.running) this.#newcomers.delete(other.id);
      else this.#newcomers.set(other.id, this.#parts.clock.now());
      return Promise.resolve(encodeIntroduction(this.#introduction()));
    });
    await this.#begin();
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
    const { logger, self } = this.#parts;
    await this.#look().catch(() => undefined);
    const own = this.#members.find(({ name }) => name === self.id);
    if (!own || this.#members.length < 2 || !mayRemove(this.#members, own, { minQuorum: 0 })) {
      logger.warn({}, 'the etcd member stays part of the cluster: without it the others would have no majority');
      return;
    }
    this.#stopped = true;
    this.#log.isEnding = true;
    this.#cancelKeep();
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
    this.#stopped = true;
    this.#cancelKeep();
    this.#stopAnswering();
    this.#client?.close();
    this.#watch.close();
    this.#log.isEnding = true;
    await this.#process.stop();
  }

  async #begin(): Promise<void> {
    this.#running = false;
    if (!this.#folder.hasData) {
      if (!this.#folder.record.decided) await this.#form();
      const { decided, hasRun } = this.#folder.record;
      const founds = !hasRun && decided?.founders.some(({ id }) => id === this.#parts.self.id);
      if (decided && founds) {
        const members = decided.founders.map(({ id, peerUrl }) => ({ name: id, peerUrl }));
        this.#beginning = { type: 'found', token: decided.attempt, members };
        this.#parts.logger.info({ servers: members.length }, 'this server founds the cluster with the others');
      } else this.#beginning = await this.#join();
    }
    this.#process.start();
    await this.#untilVoter();
    this.#running = true;
    this.#parts.logger.info({ version: this.#parts.binary.version }, 'the etcd member of this server is ready');
  }

  /** Asks and answers until there is a plan. */
  async #form(): Promise<void> {
    const { self, expect, others, settings } = this.#parts;
    for (;;) {
      const answers = await this.#askOthers();
      const step = formingStep({
        self: { id: self.id, datacenter: self.datacenter, peerUrl: peerUrlOf(settings), expect },
        state: { record: this.#folder.record, ...(this.#proposal && { proposal: this.#proposal }) },
        joined: others.joined(),
        others: answers,
        newAttempt: randomUUID,
      });
      const { hasRun, clientUrls } = this.#folder.record;
      this.#folder.write({ ...step.state.record, hasRun, clientUrls });
      this.#proposal = step.state.proposal;
      if (step.waitsFor === undefined) return;
      this.#tell(`the cluster is not there yet: waiting for ${step.waitsFor}`);
      await this.#pause(FORMING_MS);
    }
  }

  async #askOthers(): Promise<readonly Introduction[]> {
    const { others } = this.#parts;
    const own = encodeIntroduction(this.#introduction());
    const answers = await Promise.all(
      others
        .list()
        .map((peer) => others.ask(peer, INTRODUCTION, own, ASK_MS).then(decodeIntroduction, () => undefined)),
    );
    return answers.flatMap((answer) => (answer && answer.id !== this.#parts.self.id ? [answer] : []));
  }

  #introduction(): Introduction {
    const { self, expect, others, settings } = this.#parts;
    const { promise, decided } = this.#folder.record;
    return {
      ...self,
      peerUrl: peerUrlOf(settings),
      clientUrl: clientUrlOf(settings),
      expect,
      joined: others.joined(),
      ...(this.#proposal && { proposal: this.#proposal }),
      ...(promise && { promise }),
      ...(decided && { decided }),
      running: this.#running,
      ...(this.#client?.clusterId !== undefined && { cluster: this.#client.clusterId }),
    };
  }

  /** Becomes a learner of the cluster that runs; returns what the member begins with. */
  async #join(): Promise<MemberBeginning> {
    const { settings, self, logger } = this.#parts;
    const own = { id: self.id, peerUrl: peerUrlOf(settings) };
    for (;;) {
      const running = (await this.#askOthers()).filter((other) => other.running).map(({ clientUrl }) => clientUrl);
      const known = new Set([...running, ...this.#folder.record.clientUrls]);
      known.delete(clientUrlOf(settings));
      if (known.size === 0) this.#tell('the cluster cannot be joined yet: none of its servers answers');
      else {
        const client = this.#connect([...known]);
        try {
          const members = await becomeLearner(client, own, logger);
          if (members) return { type: 'join', token: 'join', members };
        } catch (thrown) {
          this.#tell(`the cluster cannot be joined yet: ${reasonOf(thrown)}`);
        } finally {
          client.close();
        }
      }
      await this.#pause(FORMING_MS * 3);
    }
  }

  async #untilVoter(): Promise<void> {
    const { clock, settings } = this.#parts;
    const client = (this.#client ??= this.#connect([clientUrlOf(settings)]));
    const sinceMs = clock.now();
    for (;;) {
      if (this.#wasRemoved) await this.#joinAnew();
      let votes = false;
      try {
        const own = client.endpoints.all[0] as Endpoint;
        const { isLearner, leader } = await client.status(own);
        if (isLearner) this.#tell('the etcd member of this server is catching up with the others');
        else if (leader === '0') this.#tell('the etcd member of this server sees no majority yet');
        else {
          await this.#look();
          votes = true;
        }
      } catch (thrown) {
        if (clock.now() - sinceMs >= STARTING_MS)
          this.#tell(`the etcd member of this server does not answer yet: ${reasonOf(thrown)}`);
      }
      await this.#checkCluster();
      if (votes) return;
      await this.#pause(FORMING_MS);
    }
  }

  /** Data that were copied, or left over from another cluster, would make a second one beside that of the servers that are reached. */
  async #checkCluster(): Promise<void> {
    if (this.#beginning.type !== 'continue') return;
    const other = elsewhere(this.#client?.clusterId, await this.#askOthers());
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
        .catch((thrown: unknown) => this.#tell(`the etcd members cannot be listed: ${reasonOf(thrown)}`))
        .finally(() => this.#keepLater());
    });
  }

  /** What is looked after every two seconds. */
  async #keep(): Promise<void> {
    const { self, settings, logger } = this.#parts;
    if (this.#wasRemoved) {
      this.#running = false;
      await this.#joinAnew();
      await this.#untilVoter();
      this.#running = true;
      return;
    }
    await this.#look();
    const own = this.#members.find(({ name }) => name === self.id);
    const peerUrl = peerUrlOf(settings);
    if (own && !own.peerUrls.includes(peerUrl)) {
      await this.#change({ method: 'MemberUpdate', request: { ID: own.id, peerURLs: [peerUrl] } });
      logger.info(
        { from: own.peerUrls[0], to: peerUrl },
        'the address of the etcd member has changed; the others were told',
      );
    }
    if (own?.isLeader) await this.#replace();
  }

  /** Only beside the leader, so that one server does it. */
  async #replace(): Promise<void> {
    const change = nextChange(this.#members, this.#rules(), this.#someoneWaits());
    if (!change) return;
    const { id, name, silentMs } = change.member;
    try {
      if (change.type === 'promote') await this.#change({ method: 'MemberPromote', request: { ID: id } });
      else await this.#change({ method: 'MemberRemove', request: { ID: id } });
    } catch (thrown) {
      // It has not caught up yet.
      if (change.type === 'promote' && thrown instanceof EtcdError && /in sync with leader/.test(thrown.message))
        return;
      throw thrown;
    }
    this.#parts.logger.info(
      { server: name },
      change.type === 'promote'
        ? 'a new etcd member has caught up and votes'
        : `the etcd member of a server that has not answered for ${Math.round(silentMs / 1000)} s was removed`,
    );
  }

  #someoneWaits(): boolean {
    const lately = this.#parts.clock.now() - NEWCOMER_MS;
    for (const [id, atMs] of this.#newcomers) if (atMs < lately) this.#newcomers.delete(id);
    return [...this.#newcomers.keys()].some((id) => this.#members.every(({ name }) => name !== id));
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
    if (endpoints.join() === this.#endpoints.join()) return;
    this.#endpoints = endpoints;
    this.#client?.endpoints.replace(endpoints);
    for (const follower of this.#followers) follower(endpoints);
  }

  /** The others have removed our member while it was away: its data are of no use, it begins anew. */
  async #joinAnew(): Promise<void> {
    this.#parts.logger.warn({}, 'the others have removed the etcd member of this server: it joins them anew');
    await this.#process.stop();
    this.#folder.putDataAside();
    this.#wasRemoved = false;
    this.#beginning = await this.#join();
    this.#process.start();
  }

  /** Under new authorities; it goes on as it was, and the others keep the majority meanwhile. */
  async #restart(): Promise<void> {
    if (this.#stopped) return;
    const own = this.#members.find(({ name }) => name === this.#parts.self.id);
    if (own) await handOver(own, this.#changeParts()).catch(() => undefined);
    this.#log.isEnding = true;
    await this.#process.stop();
    if (this.#stopped) return;
    this.#log.isEnding = false;
    this.#process.start();
    // A member that does not vote yet is waited for by who started it.
    if (this.#running) await this.#untilVoter();
    this.#parts.logger.info({}, 'the etcd member was started anew with the cluster keys that are trusted now');
  }

  #changeParts(): MemberChangeParts {
    const { clock } = this.#parts;
    return { members: this.#members, client: this.#started(), connect: (urls) => this.#connect(urls), clock };
  }

  #started(): EtcdClient {
    if (!this.#client) throw new AppError('unavailable', 'the etcd member has not started yet');
    return this.#client;
  }

  #change(change: Parameters<EtcdClient['changeMembers']>[0]): ReturnType<EtcdClient['changeMembers']> {
    return this.#started().changeMembers(change);
  }

  #arguments(): string[] {
    const { settings, self, binary, folder } = this.#parts;
    const beginning: MemberBeginning = this.#folder.hasData ? { type: 'continue' } : this.#beginning;
    const folders = { data: this.#folder.dataPath, tls: join(folder, 'tls') };
    return memberArguments(settings, self.id, folders, beginning, binary.version);
  }

  #onExit(how: string, restartInMs: number): void {
    this.#parts.logger.warn(
      {},
      `the etcd member ended by itself (${how}); it is started again in ${restartInMs / 1000} s`,
    );
  }

  #writeCertificates(credentials: MemberCredentials): void {
    const { folder } = this.#parts;
    const tls = join(folder, 'tls');
    mkdirSync(tls, { recursive: true, mode: 0o700 });
    for (const [file, text] of [
      ['ca.pem', credentials.caPem],
      ['member.pem', credentials.certPem],
      ['member-key.pem', credentials.keyPem],
    ] as const) {
      writeFileSync(join(tls, `${file}.new`), text, { mode: 0o600 });
      renameSync(join(tls, `${file}.new`), join(tls, file));
    }
  }

  #connect(endpoints: readonly string[]): EtcdClient {
    const { clock } = this.#parts;
    return new EtcdClient(
      { endpoints, tls: this.#tls },
      { now: () => clock.now(), pause: (delayMs) => pauseOn(clock, delayMs) },
    );
  }

  /** Once, and again now and then while it lasts. */
  #tell(text: string): void {
    const now = this.#parts.clock.now();
    this.#parts.onWaiting?.(text);
    if (text === this.#told.text && now - this.#told.atMs < TELL_AGAIN_MS) return;
    this.#told = { text, atMs: now };
    if (!this.#stopped) this.#parts.logger.info({}, text);
  }

  async #pause(delayMs: number): Promise<void> {
    await pauseOn(this.#parts.clock, delayMs);
    if (this.#stopped) throw new AppError('cancelled', 'the agent is stopping');
  }
}

function tlsOf({ caPem, certPem, keyPem }: MemberCredentials, { serverName }: MemberSettings): EtcdTls {
  const [ca, cert, key] = [caPem, certPem, keyPem].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
  return { ca, cert, key, ...(serverName !== '' && { serverName }) };
}

/** The same text for the same certificates, whatever their order. */
const authoritiesIn = (pem: string): string =>
  pem
    .split(/(?=-----BEGIN )/)
    .toSorted()
    .join('');

const reasonOf = (thrown: unknown): string =>
  thrown instanceof EtcdError ? `${thrown.endpoint}: ${thrown.message}` : AppError.from(thrown).message;

/** etcd takes options from the environment too: those of whoever started us are not meant for this member. */
function withoutEtcdOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ETCD_')));
}
