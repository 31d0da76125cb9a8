import { hostname } from 'node:os';
import { type AgentConfig, type LoadedConfig, loadAgentConfig } from '../agent/config/index.js';
import { type AgentWatches, createAgentWatches, createOwnApi } from '../agent/watches/index.js';
import { AppError, deferred, systemClock } from '../core/index.js';
import { createLogging, type Logging, type LogTarget, openLogFile, openSyslog } from '../telemetry/index.js';
import { watchFiles } from './auto-reload.js';
import { ownApiPlace } from './own-api-place.js';
import { writePidFile } from './pid-file.js';
import type { RunningAgent } from './running-agent.js';
import { startClientAgent } from './start-client-agent.js';
import { startServer } from './start-server.js';
import { API_VERSION } from './versions.js';

/**
 * `meshwright agent`: runs until a signal or `leave`. Returns the exit code. Problems of the start are one sentence on stderr.
 */
export async function runAgent(argv: readonly string[]): Promise<number> {
  const closers: (() => void)[] = [];
  try {
    const loaded = loadAgentConfig(argv, hostname());
    const logging = openLog(loaded.config, closers);
    return await run(argv, loaded, logging, closers);
  } catch (thrown) {
    process.stderr.write(`meshwright agent: ${AppError.from(thrown).message}\n`);
    return 1;
  } finally {
    for (const close of closers.reverse()) close();
  }
}

async function run(
  argv: readonly string[],
  loaded: LoadedConfig,
  logging: Logging,
  closers: (() => void)[],
): Promise<number> {
  const { logger } = logging;
  const { config } = loaded;
  logger.info(
    { version: API_VERSION, node: config.nodeName, datacenter: config.datacenter },
    'Meshwright agent starts',
  );
  tell(loaded, logging);
  const { promise: finished, resolve: finish } = deferred<number>();
  if (config.pidFile !== '') closers.push(writePidFile(config.pidFile));

  let watches: AgentWatches | undefined;
  /** What was read last. */
  let current = loaded;
  let reloading: Promise<void> = Promise.resolve();
  // One after the other: two at once would undo each other's half.
  const reload = (): Promise<void> => {
    const next = reloading
      .catch(() => undefined)
      .then(async () => {
        const again = loadAgentConfig(argv, hostname());
        await server.reconfigure(again.config);
        current = again;
        watches?.configure(again.config.watches);
        tell(again, logging);
        logger.info({}, 'the configuration was read again');
      });
    reloading = next;
    return next;
  };
  const reloadAndTell = (): void => {
    reload().catch((thrown: unknown) =>
      logger.error({}, `the configuration was not read again, nothing has changed: ${AppError.from(thrown).message}`),
    );
  };
  const start = config.server ? startServer : startClientAgent;
  const server: RunningAgent = await start(config, logging, {
    reload,
    async leave() {
      logger.info({}, 'leaving, as asked over HTTP');
      await server.leave();
      // The answer goes out first.
      setImmediate(() => finish(0));
    },
  });
  let isLeaving = false;
  const stop = (signal: 'SIGINT' | 'SIGTERM') => (): void => {
    const leaves = signal === 'SIGTERM' ? current.config.leaveOnTerminate : !current.config.skipLeaveOnInterrupt;
    logger.info({ signal }, leaves && !isLeaving ? 'a signal ends the agent: it leaves' : 'a signal ends the agent');
    // A second signal ends it at once.
    if (!leaves || isLeaving) return finish(0);
    isLeaving = true;
    server.leave().then(
      () => finish(0),
      (thrown: unknown) => {
        logger.error({}, `the agent ends without having left: ${AppError.from(thrown).message}`);
        finish(0);
      },
    );
  };
  const [onInterrupt, onTerminate] = [stop('SIGINT'), stop('SIGTERM')];
  process.on('SIGHUP', reloadAndTell);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  closers.push(
    watchFiles({
      clock: systemClock,
      isOn: () => current.config.autoReload,
      paths: () => [...current.paths, ...tlsFiles(current.config)],
      onChange: reloadAndTell,
    }),
  );
  void server.gaveUp.then((error) => {
    process.stderr.write(`meshwright agent: ${error.message}\n`);
    finish(1);
  });
  server.serving.catch((thrown: unknown) => {
    process.stderr.write(`meshwright agent: ${AppError.from(thrown).message}\n`);
    finish(1);
  });
  void server.serving.then(
    () => {
      watches = startWatches(current.config, server.ports, logging);
      watches?.configure(current.config.watches);
    },
    () => undefined,
  );
  const code = await finished;
  watches?.close();
  process.off('SIGHUP', reloadAndTell);
  process.off('SIGINT', onInterrupt);
  process.off('SIGTERM', onTerminate);
  logger.info({}, 'Meshwright agent stops');
  await server.stop();
  return code;
}

/** What follows the watches of a configuration; it has none until it is told. Undefined where the agent has no API to ask. */
function startWatches(
  config: AgentConfig,
  ports: RunningAgent['ports'],
  { logger }: Logging,
): AgentWatches | undefined {
  const place = ownApiPlace(config, ports);
  if (place === undefined) {
    if (config.watches.length > 0) logger.warn({}, 'watches ask over the HTTP API: open its port to have them');
    return undefined;
  }
  const token = (): string => config.aclTokens.default ?? '';
  const api = createOwnApi(place);
  return createAgentWatches({ api, clock: systemClock, token, logger: logger.child({ room: 'watches' }) });
}

/** The log of the configuration: standard output, and a file and the log of the system besides. */
function openLog({ log }: AgentConfig, closers: (() => void)[]): Logging {
  const output = { write: (line: string): void => void process.stdout.write(line) };
  const targets: LogTarget[] = [output];
  const onProblem = (message: string): void => void process.stderr.write(`meshwright agent: ${message}\n`);
  if (log.file !== '') {
    const file = openLogFile({
      path: log.file,
      rotateBytes: log.rotateBytes,
      rotateAfterMs: log.rotateAfterMs,
      maxFiles: log.rotateMaxFiles,
      now: systemClock.now,
      onProblem,
    });
    targets.push(file);
    closers.push(() => file.close());
  }
  if (log.syslogFacility !== '') {
    const syslog = openSyslog({ facility: log.syslogFacility, now: systemClock.now, onProblem });
    targets.push(syslog);
    closers.push(() => syslog.close());
  }
  return createLogging({ level: log.level, json: log.json, targets });
}

function tell({ withoutEffect, warnings }: LoadedConfig, { logger }: Logging): void {
  if (withoutEffect.length > 0)
    logger.warn({ options: withoutEffect.join(', ') }, 'options are accepted but have no effect here');
  for (const warning of warnings) logger.warn({}, warning);
}

const tlsFiles = ({ tls }: AgentConfig): readonly string[] =>
  [tls.https, tls.grpc]
    .flatMap(({ caFile, caPath, certFile, keyFile }) => [caFile, caPath, certFile, keyFile])
    .filter(Boolean);
