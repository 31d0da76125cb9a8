import { spawn } from 'node:child_process';
import { request } from 'undici';
import { here } from './child.js';
import { freePort } from '../support/free-ports.mjs';

const MAIN = here('../../dist/main.js');
const RUNS = 5;

export interface StartUp {
  /** From the start of `agent -dev` to its first HTTP answer, ms. */
  readonly firstAnswerMs: number;
  /** `-help`, ms. */
  readonly helpMs: number;
  /** Node that does nothing, ms. */
  readonly bareNodeMs: number;
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[values.length >> 1] ?? Number.NaN;

async function timeOf(args: readonly string[]): Promise<number> {
  const from = performance.now();
  await new Promise((resolve) => spawn(process.execPath, args, { stdio: 'ignore' }).on('exit', resolve));
  return performance.now() - from;
}

async function firstAnswer(): Promise<number> {
  const http = await freePort();
  const args = [
    'agent',
    '-dev',
    `-http-port=${http}`,
    '-grpc-port=-1',
    '-grpc-tls-port=-1',
    '-dns-port=-1',
    '-log-level=warn',
  ];
  const from = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
  try {
    for (;;) {
      try {
        const response = await request(`http://127.0.0.1:${http}/v1/status/leader`);
        await response.body.dump();
        return performance.now() - from;
      } catch {
        if (performance.now() - from > 20_000) return Number.NaN;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  } finally {
    child.kill('SIGKILL');
  }
}

/** Medians of a few runs each, one after the other. */
export async function measureStartUp(): Promise<StartUp> {
  const bare: number[] = [];
  const help: number[] = [];
  const answers: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    bare.push(await timeOf(['-e', '0']));
    help.push(await timeOf([MAIN, '-help']));
    answers.push(await firstAnswer());
  }
  return { firstAnswerMs: median(answers), helpMs: median(help), bareNodeMs: median(bare) };
}
