import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseDurationMs } from '../../core/index.js';
import { defineCommand } from '../command.js';
import { failure, messageOf, refuse } from '../failure.js';
import { durationFlag, listFlag, switchFlag, textFlag } from '../flags/flag.js';
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
    const stop = new AbortController();
    const onSignal = (): void => stop.abort();
    process.once('SIGINT', onSignal);
    try {
      const self = asRecord(await agent.get('/v1/agent/self'));
      const startedAt = new Date();
      const name = flags.output || `meshwright-debug-${startedAt.toISOString().replace(/[:.]/g, '-')}`;
      io.out(
        `Watching agent ${asText(asRecord(self['Config'])['NodeName'])}: ${captures.join(', ')} for ${flags.duration / 1000} s\n`,
      );
      const problems: string[] = [];
      const onProblem = (message: string): void => {
        problems.push(message);
        io.err(`${message}\n`);
      };
      const entries = [
        ...(await capture(agent, {
          captures,
          durationMs: flags.duration,
          intervalMs: flags.interval,
          signal: stop.signal,
          onProblem,
        })),
      ];
      if (flags.since > 0) {
        const { pastLog } = await import('../debug/past-log.js');
        const path = asText(asRecord(asRecord(self['DebugConfig'])['Logging'])['LogFilePath']);
        try {
          if (path === '') throw new Error('the agent writes no log file (log_file)');
          entries.push({ name: 'past.log', bytes: Buffer.from(pastLog(path, startedAt.getTime() - flags.since)) });
        } catch (thrown) {
          onProblem(`past log not captured: ${messageOf(thrown)}`);
        }
      }
      const index = {
        version: programVersion(),
        startedAt: startedAt.toISOString(),
        endedAt: new Date().toISOString(),
        interrupted: stop.signal.aborted,
        captures,
        problems,
        files: entries.map(({ name: file, bytes }) => ({
          name: file,
          bytes: bytes.length,
          sha256: createHash('sha256').update(bytes).digest('hex'),
        })),
      };
      const all = [{ name: 'index.json', bytes: Buffer.from(`${JSON.stringify(index, undefined, 2)}\n`) }, ...entries];
      const target = resolve(io.cwd, name);
      if (flags.archive) {
        const { tarOf } = await import('../debug/tar.js');
        const base = name.split('/').at(-1) ?? name;
        const tar = tarOf(
          all.map((entry) => ({ ...entry, name: `${base}/${entry.name}` })),
          Math.floor(startedAt.getTime() / 1000),
        );
        writeFileSync(`${target}.tar.gz`, gzipSync(tar), { mode: 0o600, flag: 'wx' });
      } else
        for (const entry of all) {
          const file = resolve(target, entry.name);
          mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
          writeFileSync(file, entry.bytes, { mode: 0o600, flag: 'wx' });
        }
      io.out(`Saved debug bundle: ${name}${flags.archive ? '.tar.gz' : ''}\n`);
      return 0;
    } catch (thrown) {
      return failure(io, 'Capture validation failed', thrown);
    } finally {
      process.off('SIGINT', onSignal);
    }
  },
});
