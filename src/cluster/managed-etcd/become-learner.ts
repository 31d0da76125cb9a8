import type { EtcdClient } from '../../state/backend/etcd/client/index.js';
import type { Logger } from '../../telemetry/index.js';
import type { InitialMember } from './member-arguments.js';

/**
 * Makes this server's member a learner of the cluster that the client reaches. Returns all members as the new one must know them;
 * undefined = something stood in the way and was removed, try again. Throws EtcdError.
 */
export async function becomeLearner(
  client: EtcdClient,
  own: { readonly id: string; readonly peerUrl: string },
  logger: Logger,
): Promise<readonly InitialMember[] | undefined> {
  const { members } = await client.members();
  // An earlier member of ours has lost its data, and whoever had our address is gone: it is ours now.
  const stale = members.find(
    ({ name, peerURLs }) => name === own.id || (name !== '' && peerURLs.includes(own.peerUrl)),
  );
  if (stale) {
    await client.changeMembers({ method: 'MemberRemove', request: { ID: stale.ID } });
    logger.info({ member: stale.name }, 'the former etcd member of this server was removed');
    return undefined;
  }
  const isAdded = members.some(({ peerURLs }) => peerURLs.includes(own.peerUrl));
  const request = { peerURLs: [own.peerUrl], isLearner: true } as const;
  const all = isAdded ? members : (await client.changeMembers({ method: 'MemberAdd', request })).members;
  logger.info({ members: all.length }, 'this server joins the cluster');
  return all.map(({ ID, name, peerURLs: [peerUrl = ''] }) => ({
    name: peerUrl === own.peerUrl ? own.id : name || `not-started-${ID}`,
    peerUrl,
  }));
}
