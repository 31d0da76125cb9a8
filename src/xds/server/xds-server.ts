import { Server } from '@grpc/grpc-js';
import { AppError, pauseOn } from '../../core/index.js';
import { adsHandlers, adsService } from './ads-service.js';
import type {
  ListeningDoor,
  ServerCertificateProvider,
  XdsCounters,
  XdsServer,
  XdsServerDependencies,
} from './contract.js';
import { type Door, openPlaintextDoor, openTlsDoor } from './doors.js';
import { EpochGate } from './epoch-gate.js';
import { Flusher } from './flusher.js';
import { FrameBook } from './frames.js';
import { PropagationBook } from './propagation.js';
import { ProxyFinder } from './proxy-finder.js';
import { RefusalBook } from './refusal-book.js';
import { ResourceCells } from './resource-cells.js';
import type { ProxySession } from './session.js';
import type { StreamHost } from './stream-host.js';
import { directOrigin, relayedOrigin } from './stream-origin.js';
import type { AdsStream } from './stream.js';

const defaults = {
  allowPlaintextSecrets: false,
  unknownProxyWaitMs: 10_000,
  reauthorizeEveryMs: 300_000,
  streamsPerTurn: 50,
  forgetAfterMs: 600_000,
};

const grpcOptions = {
  'grpc.max_receive_message_length': 8_388_608,
  'grpc.max_send_message_length': -1,
  // Far above any stall of an Envoy's or our own event loop; a frozen client is let go after it (envoy-facts 13).
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 30_000,
  'grpc.enable_channelz': 0,
};

/** Frames are shared by who is written to within this time; longer they are not worth their memory. */
const FRAMES_KEPT_MS = 250;

/** How long the event loop may be held by writing to proxies. */
const LONGEST_TURN_MS = 5;

/** How long a client may take to hear that the server is closing. */
const GOODBYE_MS = 500;

/** Creates the server; nothing is open until `listen`. */
export function createXdsServer(dependencies: XdsServerDependencies): XdsServer {
  const { store, ca, clock, logger } = dependencies;
  const options = { ...defaults, ...dependencies.options };
  const counters: XdsCounters = {
    streams: 0,
    streamsOpened: 0,
    requests: 0,
    responses: 0,
    resourcesSent: 0,
    bytesSent: 0,
    refusals: 0,
    leavesIssued: 0,
    framesBuilt: 0,
    sessionsFlushed: 0,
  };
  const streams = new Set<AdsStream>();
  const doors: { readonly door: Door; readonly server: Server }[] = [];
  const frames = new FrameBook(
    () => counters.framesBuilt++,
    (release) => clock.after(FRAMES_KEPT_MS, release),
  );
  const failing = () =>
    new Set(store.problems().flatMap(({ kind, key }) => (kind === dependencies.resourceCell.kind ? [key] : [])));
  const propagation = new PropagationBook(clock, options.forgetAfterMs, () => store.index, failing);
  const refusals = new RefusalBook({ store, clock, logger });
  const finder = new ProxyFinder(dependencies, options.unknownProxyWaitMs);
  const flusher = new Flusher({
    perTurn: options.streamsPerTurn,
    perTurnMs: LONGEST_TURN_MS,
    now: () => performance.now(),
    defer: (task) => setImmediate(task),
    onFault: (thrown, session) => {
      const error = AppError.from(thrown);
      logger.error({ reason: error.message, stack: (thrown as Error).stack }, 'fault while sending to a proxy');
      (session as ProxySession).outlet.end(error);
    },
  });

  const host: StreamHost = {
    ready: Promise.all([store.ready, ca.ready]),
    clock,
    logger,
    counters,
    finder,
    flusher,
    frames,
    cells: new ResourceCells(store, dependencies.resourceCell),
    allowPlaintextSecrets: options.allowPlaintextSecrets,
    index: () => store.index,
    authorize: (client) => dependencies.authorize?.(client),
    demand: (identity, client, type, name) => dependencies.onDemand?.(identity, client, type, name),
    refusals,
    leaves: { ca, clock, logger },
    epochs: new EpochGate(clock),
    watchNeeds: (proxy, envoyVersion, onChange) =>
      store.subscribe(dependencies.needsCell, dependencies.proxyNeedsKey(proxy, envoyVersion), onChange),
    opened: (stream) => {
      streams.add(stream);
      counters.streamsOpened++;
      counters.streams = streams.size;
    },
    closed: (stream) => {
      streams.delete(stream);
      counters.streams = streams.size;
      if (stream.session) flusher.forget(stream.session);
    },
    started: (facts, session) => propagation.opened(facts, session),
    finished: (facts, session) => propagation.closed(facts, session),
  };
  // A failed start of the CA or the store is reported by whoever started them; here it only means that nothing is answered.
  host.ready.catch(() => undefined);

  const rootsWatch = store.commits$.subscribe(({ changes }) => {
    if (!changes.some(({ table }) => table === 'ca-roots')) return;
    for (const { session } of streams) session?.rootsChanged();
  });
  const stopReauthorizing = repeat(clock, options.reauthorizeEveryMs, () => {
    for (const stream of [...streams]) stream.reauthorize();
  });

  const open = async (encrypted: boolean, openDoor: (server: Server) => Promise<Door>): Promise<ListeningDoor> => {
    const server = new Server(grpcOptions);
    server.addService(
      adsService,
      adsHandlers(host, (call) => directOrigin(call, encrypted)),
    );
    const door = await openDoor(server);
    doors.push({ door, server });
    return { address: door.address, port: door.port };
  };

  return {
    listen: (address, port) => open(false, (server) => openPlaintextDoor(server, address, port)),
    listenTls: (address, port, certificates: ServerCertificateProvider) =>
      open(true, (server) => openTlsDoor(server, address, port, certificates, logger)),
    relayed: (nodeOf) => [adsService, adsHandlers(host, (call) => relayedOrigin(call, nodeOf(call)))],
    propagation,
    counters,
    async close() {
      stopReauthorizing();
      rootsWatch.unsubscribe();
      finder.close();
      const goodbye = new AppError('unavailable', 'this server is shutting down; connect again');
      const told = Promise.all([...streams].map((stream) => stream.end(goodbye)));
      await Promise.race([told, pauseOn(clock, GOODBYE_MS)]);
      await Promise.all(doors.map(({ door }) => door.close()));
      for (const { server } of doors) server.forceShutdown();
      propagation.close();
      await refusals.close();
    },
  };
}

function repeat(clock: XdsServerDependencies['clock'], everyMs: number, task: () => void): () => void {
  let cancel = clock.after(everyMs, run);
  function run(): void {
    task();
    cancel = clock.after(everyMs, run);
  }
  return () => cancel();
}
