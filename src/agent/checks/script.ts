import type { Clock } from '../../core/index.js';
import type { CheckDefinition } from '../../model/definitions/index.js';
import type { CheckResult, Probe } from './check-runner.js';
import { runProcess } from './run-process.js';

/** Runs `args`: exit code 0 is passing, 1 warning, all else critical (consul-behaviour 2.5). `outputLimit` is in bytes. */
export function createScriptProbe(definition: CheckDefinition, clock: Clock, outputLimit: number): Probe {
  return async (signal) => {
    const { exitCode, output, problem } = await runProcess(definition.args, { clock, outputLimit, signal });
    return { status: statusOfExit(exitCode), output: problem === '' ? output : withReason(problem, output) };
  };
}

/** The health that an exit code stands for. */
export function statusOfExit(exitCode: number | undefined): CheckResult['status'] {
  if (exitCode === 0) return 'passing';
  return exitCode === 1 ? 'warning' : 'critical';
}

function withReason(problem: string, output: string): string {
  const reason = problem === 'timed out' ? 'Timed out: the script and what it started were killed' : problem;
  return output === '' ? reason : `${reason}\n${output}`;
}
