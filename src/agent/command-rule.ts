import { AppError } from '../core/index.js';
import { type CheckDefinition, checkKind } from '../model/definitions/index.js';
import type { Origin } from './local-agent.js';

/** From where checks may come that run commands: nowhere, the agent's own files, or the API too. */
export type CommandRule = 'nowhere' | 'files' | 'everywhere';

/**
 * Refuses checks that run commands where the agent's configuration does not allow it (consul-behaviour 2.5). Throws
 * AppError('invalidArgument') in Consul's words.
 */
export function refuseCommands(check: CheckDefinition, origin: Origin, rule: CommandRule): void {
  if (!runsCommand(check) || rule === 'everywhere' || (rule === 'files' && origin === 'file')) return;
  throw new AppError(
    'invalidArgument',
    origin === 'api'
      ? "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true"
      : "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true",
  );
}

function runsCommand(check: CheckDefinition): boolean {
  const kind = checkKind(check);
  return kind === 'script' || kind === 'docker';
}
