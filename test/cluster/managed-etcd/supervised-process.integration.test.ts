import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findEtcd } from '../../../src/cluster/managed-etcd/binary.js';
import { SupervisedProcess } from '../../../src/cluster/managed-etcd/supervised-process.js';
import { systemClock } from '../../../src/core/index.js';
import { until } from '../../support/envoy-rig/index.js';

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-supervised-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function program(folder: string, text: string): string {
  const path = join(folder, 'etcd');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function supervise(
  folder: string,
  text: string,
  exits: string[] = [],
): { process: SupervisedProcess; output: () => string } {
  let output = '';
  const supervised = new SupervisedProcess({
    program: program(folder, text),
    args: () => ['--name=one two'],
    env: process.env,
    pidFile: join(folder, 'pid'),
    clock: systemClock,
    onOutput: (piece) => (output += piece),
    onExit: (how) => exits.push(how),
  });
  onTestFinished(() => supervised.stop());
  return { process: supervised, output: () => output };
}

const pidOf = (folder: string): number => Number(readFileSync(join(folder, 'pid'), 'utf8'));

describe('a supervised process', () => {
  it('gets its arguments as they are, and ends when it is told to', async () => {
    const folder = temporary();
    const { process: supervised, output } = supervise(
      folder,
      'echo "arguments: $#, $1"; trap "exit 0" TERM; while :; do sleep 0.05; done',
    );
    supervised.start();
    await until('its output', () => output().includes('arguments: 1, --name=one two'));
    const pid = pidOf(folder);
    await supervised.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(join(folder, 'pid'))).toBe(false);
  });

  it('is started again when it ends by itself', async () => {
    const [folder, exits] = [temporary(), [] as string[]];
    const { process: supervised, output } = supervise(folder, 'echo up; exit 3', exits);
    supervised.start();
    await until('a second start', () => output().split('up').length > 2);
    expect(exits[0]).toBe('exit code 3');
  });

  it('does not outlive us when we are killed', async () => {
    const folder = temporary();
    const path = program(folder, 'while :; do sleep 0.05; done');
    const module = new URL('../../../src/cluster/managed-etcd/supervised-process.ts', import.meta.url).href;
    const script = `
      import { SupervisedProcess } from ${JSON.stringify(module)};
      const parts = { program: ${JSON.stringify(path)}, args: () => [], env: process.env, pidFile: ${JSON.stringify(join(folder, 'pid'))},
        clock: { now: Date.now, after: () => () => undefined }, onOutput: () => undefined, onExit: () => undefined };
      new SupervisedProcess(parts).start();
      setInterval(() => undefined, 1000);`;
    writeFileSync(join(folder, 'owner.mts'), script);
    const owner: ChildProcess = spawn(process.execPath, ['--import', 'tsx', join(folder, 'owner.mts')], {
      stdio: 'ignore',
    });
    onTestFinished(() => void owner.kill('SIGKILL'));
    await until('the start', () => existsSync(join(folder, 'pid')) && pidOf(folder) > 0);
    const pid = pidOf(folder);
    expect(isAlive(pid)).toBe(true);
    owner.kill('SIGKILL');
    await until('the end', () => !isAlive(pid));
  });
});

describe('the etcd program', () => {
  it('is looked for on the PATH', async () => {
    const folder = temporary();
    program(folder, 'echo "etcd Version: 3.6.6"');
    const found = await findEtcd('', { path: `/nowhere:${folder}`, allowOld: false });
    expect(found).toEqual({ path: join(folder, 'etcd'), version: '3.6.6' });
  });

  it('is refused when it is too old, none, or not there, with where to get one', async () => {
    const folder = temporary();
    const old = program(folder, 'echo "etcd Version: 3.5.1"');
    await expect(findEtcd(old, { allowOld: false })).rejects.toThrow(
      /is etcd 3\.5\.1, which can lose changes: install etcd/,
    );
    expect((await findEtcd(old, { allowOld: true })).version).toBe('3.5.1');
    await expect(findEtcd('', { path: '/nowhere', allowOld: false })).rejects.toThrow(
      /no program etcd on the PATH: install/,
    );
    await expect(findEtcd('/bin/true', { allowOld: false })).rejects.toThrow(/is not etcd/);
    await expect(findEtcd('/bin/false', { allowOld: false })).rejects.toThrow(/cannot be run/);
    await expect(findEtcd(folder, { allowOld: false })).rejects.toThrow(/is not a program that can be run/);
  });
});
