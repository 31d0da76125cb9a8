import { resolve } from 'node:path';
import { parseDurationMs } from '../../core/index.js';
import { defineCommand } from '../command.js';
import type { BundleFile } from '../debug/captures.js';
import { failure, messageOf, refuse } from '../failure.js';
import { durationFlag, listFlag, switchFlag, textFlag } from '../flags/flag.js';
import { listenForInterrupt } from '../interrupt.js';
import { asRecord, asText } from '../json.js';
import { programVersion } from '../program-version.js';

const LEAST_DURATION_MS = 10_000;
const LEAST_INTERVAL_MS = 5_000;

/** `debug`: what somebody who helps wants to see of an agent, in one file. */
export const debug = defineCommand({
  usage: '[options]',
  about:
    'Watches an agent for a while and packs what it sees into a file: facts about agent, host and members, metrics, the log, and profiles when the agent has enable_debug. Tokens and keys are not in it; names of services and addresses are. Ctrl-C ends it early and keeps what was seen.',
  examples: [
    { says: 'Five minutes of the local agent:', type: 'debug' },
    { says: 'Half a minute, metrics and the log only:', type: 'debug -duration=30s -capture=metrics -capture=logs' },
    { says: 'With the last hour of its log file:', type: 'debug -duration=10s -since=1h' },
  ],
  flags: {
    archive: switchFlag('Pack it all into one .tar.gz; otherwise a directory is written.', true),
    capture: listFlag('What is captured: agent, host, members, metrics, logs, pprof. Default: all.', 'target'),
    duration: durationFlag('How long the agent is watched; at least 10s.', parseDurationMs, 300_000, '5m'),
    interval: durationFlag('How often metrics and profiles are taken; at least 5s.', parseDurationMs, 30_000, '30s'),
    output: textFlag('Path of the file, without .tar.gz, or of the directory.', 'path'),
    since: durationFlag(
      'Also the lines of the log file of the agent from this long ago on, where it can be read.',
      parseDurationMs,
    ),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    if (flags.duration < LEAST_DURATION_MS) return refuse(io, 'duration must be longer than 10s');
    if (flags.interval < LEAST_INTERVAL_MS) return refuse(io, 'interval must be longer than 5s');
    if (flags.duration < flags.interval) return refuse(io, 'duration must be longer than interval');
    const { capture, CAPTURES } = await import('../debug/captures.js');
    const unknown = flags.capture.find((name) => !CAPTURES.some((one) => one === name));
    if (unknown !== undefined)
      return refuse(io, `"${unknown}" cannot be captured: it is one of ${CAPTURES.join(', ')}`);
    const captures = CAPTURES.filter((name) => flags.capture.length === 0 || flags.capture.includes(name));
    const startedAt = new Date();
    const name = flags.output || `meshwright-debug-${startedAt.toISOString().replace(/[:.]/g, '-')}`;
    const target = { path: resolve(io.cwd, name), archive: flags.archive };
    const { targetProblem, writeBundle } = await import('../debug/bundle.js');
    const wrong = targetProblem(target);
    if (wrong !== undefined) return refuse(io, wrong);
    const stop = listenForInterrupt(['SIGINT']);
    try {
      const self = asRecord(await agent.get('/v1/agent/self'));
      io.out(
        `Watching agent ${asText(asRecord(self['Config'])['NodeName'])}: ${captures.join(', ')} for ${flags.duration / 1000} s\n`,
      );
      const problems: string[] = [];
      const onProblem = (message: string): void => {
        problems.push(message);
        io.err(`${message}\n`);
      };
      const { duration: durationMs, interval: intervalMs } = flags;
      const captured = await capture(agent, { captures, durationMs, intervalMs, signal: stop.signal, onProblem });
      const past = flags.since > 0 ? await pastLogOf(self, startedAt.getTime() - flags.since, onProblem) : [];
      writeBundle(target, [...captured, ...past], {
        version: programVersion(),
        startedAt,
        endedAt: new Date(),
        interrupted: stop.signal.aborted,
        captures,
        problems,
      });
      io.out(`Saved debug bundle: ${name}${flags.archive ? '.tar.gz' : ''}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Capture validation failed', thrown);
    } finally {
      stop.release();
    }
  },
});

/** The log file of the agent since a time, where it has one that can be read here. */
async function pastLogOf(
  self: Readonly<Record<string, unknown>>,
  sinceMs: number,
  onProblem: (message: string) => void,
): Promise<readonly BundleFile[]> {
  const { pastLog } = await import('../debug/past-log.js');
  const path = asText(asRecord(asRecord(self['DebugConfig'])['Logging'])['LogFilePath']);
  try {
    if (path === '') throw new Error('the agent writes no log file (log_file)');
    return [{ name: 'past.log', bytes: Buffer.from(pastLog(path, sinceMs)) }];
  } catch (thrown) {
    onProblem(`past log not captured: ${messageOf(thrown)}`);
    return [];
  }
}
