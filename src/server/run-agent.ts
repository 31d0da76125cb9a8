import { hostname } from 'node:os';
import { type AgentConfig, type LoadedConfig, loadAgentConfig } from '../agent/config/index.js';
import { AppError, systemClock } from '../core/index.js';
import { createLogging, type Logging, openLogFile } from '../telemetry/index.js';
import { watchFiles } from './auto-reload.js';
import { writePidFile } from './pid-file.js';
import { type RunningServer, startServer } from './start-server.js';
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
  let finish = (_code: number): void => undefined;
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  if (config.pidFile !== '') closers.push(writePidFile(config.pidFile));

  let settings = config;
  let reloading: Promise<void> = Promise.resolve();
  // One after the other: two at once would undo each other's half.
  const reload = (): Promise<void> => {
    const next = reloading
      .catch(() => undefined)
      .then(async () => {
        const again = loadAgentConfig(argv, hostname());
        await server.reconfigure(again.config);
        settings = again.config;
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
  const server: RunningServer = await startServer(config, logging, {
    reload,
    async leave() {
      logger.info({}, 'leaving, as asked over HTTP');
      // The answer goes out first.
      setImmediate(() => finish(0));
      await Promise.resolve();
    },
  });
  const stop = (signal: 'SIGINT' | 'SIGTERM') => (): void => {
    const leaves = signal === 'SIGTERM' ? settings.leaveOnTerminate : !settings.skipLeaveOnInterrupt;
    logger.info({ signal }, leaves ? 'a signal ends the agent: it leaves' : 'a signal ends the agent');
    finish(0);
  };
  const [onInterrupt, onTerminate] = [stop('SIGINT'), stop('SIGTERM')];
  process.on('SIGHUP', reloadAndTell);
  process.once('SIGINT', onInterrupt);
  process.once('SIGTERM', onTerminate);
  closers.push(
    watchFiles({
      clock: systemClock,
      isOn: () => settings.autoReload,
      paths: () => [...configPaths(argv), ...loaded.files, ...tlsFiles(settings)],
      onChange: reloadAndTell,
    }),
  );
  server.serving.catch((thrown: unknown) => {
    process.stderr.write(`meshwright agent: ${AppError.from(thrown).message}\n`);
    finish(1);
  });
  const code = await finished;
  process.off('SIGHUP', reloadAndTell);
  process.off('SIGINT', onInterrupt);
  process.off('SIGTERM', onTerminate);
  logger.info({}, 'Meshwright agent stops');
  await server.stop();
  return code;
}

/** The log of the configuration: standard output, and a file besides. */
function openLog({ log }: AgentConfig, closers: (() => void)[]): Logging {
  const output = { write: (line: string): void => void process.stdout.write(line) };
  const targets: { write(line: string): void }[] = [output];
  if (log.file !== '') {
    const file = openLogFile({
      path: log.file,
      rotateBytes: log.rotateBytes,
      rotateAfterMs: log.rotateAfterMs,
      maxFiles: log.rotateMaxFiles,
      now: systemClock.now,
      onProblem: (message) => process.stderr.write(`meshwright agent: ${message}\n`),
    });
    targets.push(file);
    closers.push(() => file.close());
  }
  return createLogging({ level: log.level, json: log.json, targets });
}

function tell({ withoutEffect, warnings }: LoadedConfig, { logger }: Logging): void {
  if (withoutEffect.length > 0)
    logger.warn({ options: withoutEffect.join(', ') }, 'options are accepted but have no effect here');
  for (const warning of warnings) logger.warn({}, warning);
}

/** The paths of `-config-file` and `-config-dir`: a directory changes when a file comes or goes. */
function configPaths(argv: readonly string[]): readonly string[] {
  return argv.flatMap((word, at) => {
    const [, inline] = /^--?config-(?:file|dir)(?:=(.*))?$/s.exec(word) ?? [];
    if (!/^--?config-(?:file|dir)(?:=|$)/.test(word)) return [];
    return [inline ?? argv[at + 1] ?? ''].filter(Boolean);
  });
}

const tlsFiles = ({ tls }: AgentConfig): readonly string[] =>
  [tls.https, tls.grpc]
    .flatMap(({ caFile, caPath, certFile, keyFile }) => [caFile, caPath, certFile, keyFile])
    .filter(Boolean);
