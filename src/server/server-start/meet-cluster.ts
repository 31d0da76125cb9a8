import { AppError } from '../../core/index.js';
import { createSettingsReader, type DnsServer } from '../../edges/dns/index.js';
import { createRelayedListener, type HttpDeps } from '../../edges/http/index.js';
import type { XdsServer } from '../../xds/server/index.js';
import type { Closers } from '../closers.js';
import { joinServers } from '../join-servers.js';
import type { Membership } from '../membership.js';
import { type OpenCluster, relayDns } from '../open-cluster.js';
import { createServerPlace } from '../server-place.js';
import type { Ground } from './ground.js';

/** What a server meets others with: who keeps the members, and what answers when agents relay requests to it. */
export interface MeetingParts {
  readonly membership: Membership;
  readonly httpDeps: HttpDeps;
  readonly dns: DnsServer;
  readonly xds: Pick<XdsServer, 'relayed'>;
  /** Aborted when the server ends: what waits for an answer is told. */
  readonly closing: AbortSignal;
  readonly closers: Closers;
  readonly onGiveUp: (error: AppError) => void;
}

/** Lets agents in, tells other servers where this one is, and joins them. Rejects when none of `start_join` answers. */
export async function meetCluster(
  cluster: OpenCluster,
  { config, settings, store, clock, logger, warn }: Ground,
  { membership, httpDeps, dns, xds, closing, closers, onGiveUp }: MeetingParts,
): Promise<void> {
  const { ca, coordinates } = httpDeps;
  const showAgain = (): Promise<void> =>
    membership.keeper.show().catch((thrown: unknown) => warn(AppError.from(thrown).message));
  closers.add(cluster.keyring?.onChange(showAgain) ?? (() => undefined));
  const debug = (message: string): void => logger.debug({ room: 'coordinates' }, message);
  const place = config.disableCoordinates
    ? undefined
    : createServerPlace({ node: config.nodeName, store, peers: cluster.peers, coordinates, clock, debug });
  closers.add(() => place?.close());
  const relayedSettings = createSettingsReader();
  cluster.serve({
    http: createRelayedListener(httpDeps, closing),
    dns: relayDns(dns, (sent) => relayedSettings(sent, settings.dns)),
    ads: xds.relayed,
    registry: membership.keeper,
    store,
    ...(place && { place: place.coordinate }),
    ...(config.connectEnabled && {
      certificates: {
        ca,
        datacenter: config.datacenter,
        domain: config.dns.domain,
        isOpen: config.autoEncrypt.allowTls,
        clock,
      },
    }),
  });
  closers.add(await joinServers(config, cluster, { clock, logger, onGiveUp }));
}
