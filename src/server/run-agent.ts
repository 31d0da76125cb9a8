import { hostname } from 'node:os';
import { loadAgentConfig } from '../agent/config/index.js';
import { AppError } from '../core/index.js';
import { createLogger } from '../telemetry/index.js';
import { startServer } from './start-server.js';
import { API_VERSION } from './versions.js';

/**
 * `meshwright agent`: runs until a signal or `leave`. Returns the exit code. Problems of the start are one sentence on stderr.
 */
export async function runAgent(argv: readonly string[]): Promise<number> {
  let finish = (_code: number): void => undefined;
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  try {
    const { config, withoutEffect } = loadAgentConfig(argv, hostname());
    const logger = createLogger({ level: config.logLevel, json: config.logJson });
    logger.info(
      { version: API_VERSION, node: config.nodeName, datacenter: config.datacenter },
      'Meshwright agent starts',
    );
    if (withoutEffect.length > 0)
      logger.warn({ options: withoutEffect.join(', ') }, 'options are accepted but have no effect here');
    const reload = async (): Promise<void> => server.reconfigure(loadAgentConfig(argv, hostname()).config);
    const server = await startServer(config, logger, {
      reload,
      async leave() {
        finish(0);
        await Promise.resolve();
      },
    });
    const onHangup = (): void => {
      reload().catch((thrown: unknown) =>
        logger.error({}, `configuration not reloaded: ${AppError.from(thrown).message}`),
      );
    };
    const onStop = (): void => finish(0);
    process.on('SIGHUP', onHangup);
    process.once('SIGINT', onStop);
    process.once('SIGTERM', onStop);
    server.serving.catch((thrown: unknown) => {
      process.stderr.write(`meshwright agent: ${AppError.from(thrown).message}\n`);
      finish(1);
    });
    const code = await finished;
    process.off('SIGHUP', onHangup);
    logger.info({}, 'Meshwright agent stops');
    await server.stop();
    return code;
  } catch (thrown) {
    process.stderr.write(`meshwright agent: ${AppError.from(thrown).message}\n`);
    return 1;
  }
}
