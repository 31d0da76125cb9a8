import type { AgentConfig } from '../agent/config/index.js';
import type { ClusterServer } from '../cluster/index.js';
import { AppError, type Clock } from '../core/index.js';
import type { Logger } from '../telemetry/index.js';

/**
 * Contacts the servers of the configuration: those of `start_join` once, those of `retry_join` until one of them answers. Returns the
 * function that ends it. Rejects when none of `start_join` answers; `onGiveUp` hears when the attempts of `retry_max` are used up.
 */
export async function joinServers(
  { cluster: { startJoin, retryJoin, retryIntervalMs, retryMax } }: AgentConfig,
  { peers }: Pick<ClusterServer, 'peers'>,
  {
    clock,
    logger,
    onGiveUp,
  }: { readonly clock: Clock; readonly logger: Logger; readonly onGiveUp: (error: AppError) => void },
): Promise<() => void> {
  if (startJoin.length > 0) await peers.join(startJoin);
  let cancel = (): void => undefined;
  let isOver = retryJoin.length === 0;
  let vain = 0;
  const attempt = async (): Promise<void> => {
    try {
      await peers.join(retryJoin);
      // One's own address answers too: there is somebody to look for as long as nobody else has been met.
      if (peers.all().length > 1) return;
    } catch (thrown) {
      if (isOver) return;
      vain += 1;
      const error = AppError.from(thrown);
      logger.warn({ attempt: vain }, `joining failed: ${error.message}`);
      if (retryMax > 0 && vain >= retryMax) {
        onGiveUp(new AppError('unavailable', `no server was joined in ${retryMax} attempts: ${error.message}`));
        return;
      }
    }
    if (!isOver) cancel = clock.after(retryIntervalMs, () => void attempt());
  };
  if (!isOver) void attempt();
  return () => {
    isOver = true;
    cancel();
  };
}
