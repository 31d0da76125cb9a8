import { platform } from 'node:os';
import type { Clock } from '../../core/index.js';
import type { CheckDefinition } from '../../model/definitions/index.js';
import type { Probe } from './check-runner.js';
import { runProcess } from './run-process.js';

/**
 * Passing while systemd says that the unit is active (consul-behaviour 2.5, where this is for services of Windows). Where there is
 * no systemd it is critical and says so.
 */
export function createOsServiceProbe(definition: CheckDefinition, clock: Clock, outputLimit: number): Probe {
  const name = definition.osService;
  return async (signal) => {
    if (platform() !== 'linux')
      return { status: 'critical', output: `OS service "${name}": not implemented on ${platform()}, only for systemd` };
    const argv = ['systemctl', 'is-active', '--', name];
    const { exitCode, output, problem } = await runProcess(argv, { clock, outputLimit, signal });
    if (exitCode === 0) return { status: 'passing', output: `OS service "${name}" is active` };
    const said = problem === '' ? output.trim() || `systemctl ended with ${String(exitCode)}` : problem;
    return { status: 'critical', output: `OS service "${name}" is not active: ${said}` };
  };
}
