import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { LogLevel, LogTarget } from './logger.js';

/** Severities of RFC 5424, 6.2.1. */
const SEVERITIES: Readonly<Record<LogLevel, number>> = { trace: 7, debug: 7, info: 6, warn: 4, error: 3 };
/** What may wait for the system's log; more is dropped, and said to be. */
const MOST_WAITING_BYTES = 1_048_576;
const RESTART_MS = 10_000;

export interface SyslogOptions {
  /** `local0`, `daemon` … in lower case. */
  readonly facility: string;
  readonly now: () => number;
  /** The system's log cannot be reached: told once, until it can be again. */
  readonly onProblem: (message: string) => void;
  /** The program with what it is told besides; `logger`, which knows where this system's log is, when not given. */
  readonly command?: readonly [string, ...string[]];
}

/**
 * The log of the system (RFC 5424). Its socket takes datagrams, which Node cannot send to a path: `logger` of util-linux does, one
 * process for all lines. A system without one costs lines, never the agent: `logger` is started again 10 s later, when there is
 * something to say.
 */
export function openSyslog(options: SyslogOptions): LogTarget & { close(): void } {
  const [program, ...more] = options.command ?? ['logger'];
  let child: ChildProcessWithoutNullStreams | undefined;
  let brokenAtMs = Number.NEGATIVE_INFINITY;
  let hasTold = false;
  let dropped = 0;

  const start = (): ChildProcessWithoutNullStreams => {
    const words = ['--prio-prefix', '-t', 'meshwright', '-p', `${options.facility}.notice`, ...more];
    const started = spawn(program, words, { stdio: 'pipe' });
    let problem = '';
    const end = (reason: string): void => {
      if (child !== started) return;
      child = undefined;
      brokenAtMs = options.now();
      if (!hasTold) options.onProblem(`enable_syslog: the log of the system is not reached: ${reason}`);
      hasTold = true;
    };
    started.stdin.on('error', () => undefined);
    started.stdout.resume();
    started.stderr.on('data', (text: Buffer) => {
      problem = text.toString('utf8').trim().slice(-200);
    });
    started.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code === 'ENOENT' ? `there is no program "${program}" (util-linux)` : error.message),
    );
    started.on('close', (code) => end(problem || `"${program}" ended with ${code}`));
    started.unref();
    return started;
  };

  return {
    write(line, level) {
      if (child === undefined && options.now() - brokenAtMs < RESTART_MS) return;
      child ??= start();
      if (child.stdin.writableLength + line.length > MOST_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      if (dropped > 0) {
        child.stdin.write(
          `<${SEVERITIES.warn}>${dropped} lines were not written: the log of the system was too slow\n`,
        );
        dropped = 0;
      }
      child.stdin.write(`<${SEVERITIES[level]}>${line}`);
    },
    close() {
      const last = child;
      child = undefined;
      last?.stdin.end();
    },
  };
}
