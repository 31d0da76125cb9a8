import { randomUUID } from 'node:crypto';
import type { EtcdClient } from '../../state/backend/etcd/client/index.js';
import type { Logger } from '../../telemetry/index.js';
import { becomeLearner } from './become-learner.js';
import { formingStep } from './forming.js';
import { clientUrlOf, type MemberBeginning, type MemberSettings, peerUrlOf } from './member-arguments.js';
import type { MemberFolder } from './member-folder.js';
import type { Neighbours, OwnServer } from './neighbours.js';
import type { OtherServers } from './other-servers.js';
import { reasonOf } from './reason.js';

const FORMING_MS = 300;
const JOIN_AGAIN_MS = 900;

export interface BeginningParts {
  readonly self: OwnServer;
  readonly settings: MemberSettings;
  readonly expect: number;
  readonly folder: MemberFolder;
  readonly others: Pick<OtherServers, 'joined'>;
  readonly neighbours: Pick<Neighbours, 'ask' | 'proposal'>;
  readonly connect: (endpoints: readonly string[]) => EtcdClient;
  readonly logger: Logger;
  /** Told what it waits for. */
  readonly tell: (text: string) => void;
  /** Rejects when there is no need to go on. */
  readonly pause: (delayMs: number) => Promise<void>;
}

/** What the member of this server begins with: its data, the cluster that it founds with others, or the one that it joins. */
export async function findBeginning(parts: BeginningParts): Promise<MemberBeginning> {
  const { folder, self, logger } = parts;
  if (folder.hasData) return { type: 'continue' };
  if (!folder.record.decided) await formCluster(parts);
  const { decided, hasRun } = folder.record;
  const founds = !hasRun && decided?.founders.some(({ id }) => id === self.id);
  if (!decided || !founds) return joinCluster(parts);
  const members = decided.founders.map(({ id, peerUrl }) => ({ name: id, peerUrl }));
  logger.info({ servers: members.length }, 'this server founds the cluster with the others');
  return { type: 'found', token: decided.attempt, members };
}

/** Asks and answers until there is a plan. */
async function formCluster(parts: BeginningParts): Promise<void> {
  const { self, expect, others, settings, folder, neighbours, tell, pause } = parts;
  for (;;) {
    const answers = await neighbours.ask();
    const { proposal } = neighbours;
    const step = formingStep({
      self: { id: self.id, datacenter: self.datacenter, peerUrl: peerUrlOf(settings), expect },
      state: { record: folder.record, ...(proposal && { proposal }) },
      joined: others.joined(),
      others: answers,
      newAttempt: randomUUID,
    });
    const { hasRun, clientUrls } = folder.record;
    folder.write({ ...step.state.record, hasRun, clientUrls });
    neighbours.proposal = step.state.proposal;
    if (step.waitsFor === undefined) return;
    tell(`the cluster is not there yet: waiting for ${step.waitsFor}`);
    await pause(FORMING_MS);
  }
}

/** Becomes a learner of the cluster that runs. */
export async function joinCluster(parts: BeginningParts): Promise<MemberBeginning> {
  const { settings, self, folder, neighbours, connect, logger, tell, pause } = parts;
  const own = { id: self.id, peerUrl: peerUrlOf(settings) };
  for (;;) {
    const running = (await neighbours.ask()).filter((other) => other.running).map(({ clientUrl }) => clientUrl);
    const known = new Set([...running, ...folder.record.clientUrls]);
    known.delete(clientUrlOf(settings));
    if (known.size === 0) tell('the cluster cannot be joined yet: none of its servers answers');
    else {
      const client = connect([...known]);
      try {
        const members = await becomeLearner(client, own, logger);
        if (members) return { type: 'join', token: 'join', members };
      } catch (thrown) {
        tell(`the cluster cannot be joined yet: ${reasonOf(thrown)}`);
      } finally {
        client.close();
      }
    }
    await pause(JOIN_AGAIN_MS);
  }
}
