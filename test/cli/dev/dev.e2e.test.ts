import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../support/envoy-rig/index.js';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

interface DevEvent {
  readonly event: string;
  readonly firstRequestMs?: number;
  readonly httpAddress?: string;
  readonly instances?: readonly { readonly port: number; readonly sidecarPort: number; readonly adminPort: number }[];
  readonly edges?: readonly {
    readonly from: string;
    readonly to: string;
    readonly total: number;
    readonly totalFailures: number;
    readonly answeredBy: Readonly<Record<string, number>>;
  }[];
  readonly what?: string;
}

let temporary: string;
let started: Dev[];
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'meshwright-dev-test-'));
  started = [];
});
afterEach(() => {
  for (const one of started) one.child.kill('SIGKILL');
  rmSync(temporary, { recursive: true, force: true });
});

/** So that no port is one of those that other tests take (test/support/free-ports.mjs). */
const anyOffset = (): number => 2000 + Math.floor(Math.random() * 14) * 250;

/** One `meshwright dev -json` in a temp folder of its own. */
class Dev {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly offset = anyOffset();
  errors = '';
  private text = '';

  constructor(...flags: readonly string[]) {
    this.child = spawn(process.execPath, [MAIN, 'dev', '-json', `-port-offset=${this.offset}`, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    started.push(this);
  }

  get events(): readonly DevEvent[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as DevEvent);
  }

  find(event: string): DevEvent | undefined {
    return this.events.find((one) => one.event === event);
  }

  async ready(): Promise<DevEvent> {
    const found = () => this.find('ready');
    await until('dev is ready', () => found() !== undefined || this.child.exitCode !== null);
    const ready = found();
    if (ready === undefined) throw new Error(`dev ended: ${this.errors}`);
    return ready;
  }

  ports(): readonly number[] {
    const ready = this.find('ready');
    const http = Number(ready?.httpAddress?.split(':')[1]);
    return [
      http,
      http + 2,
      http + 3,
      ...(ready?.instances ?? []).flatMap((one) => [one.port, one.sidecarPort, one.adminPort]),
    ];
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const openPorts = async (ports: readonly number[]): Promise<readonly number[]> => {
  const open = await Promise.all(ports.map(isOpen));
  return ports.filter((_port, at) => open[at]);
};

describe('meshwright dev', () => {
  test('carries requests through real Envoys, without one failure, and leaves nothing behind', async () => {
    const dev = new Dev('-duration=8s', '-rate=50');
    const ready = await dev.ready();
    expect(ready.firstRequestMs).toBeGreaterThan(0);
    const ports = dev.ports();
    // The first request needs one instance of each service; the others come, too.
    await expect.poll(() => openPorts(ports)).toEqual(ports);
    expect(await dev.exited).toBe(0);
    const edges = dev.find('stopped')?.edges ?? [];
    expect(edges.map(({ from, to, totalFailures }) => ({ from, to, totalFailures }))).toEqual([
      { from: 'web', to: 'api', totalFailures: 0 },
      { from: 'api', to: 'billing', totalFailures: 0 },
    ]);
    expect(edges[0]?.total).toBeGreaterThan(50);
    expect(Object.keys(edges[0]?.answeredBy ?? {})).toEqual(['api-v1', 'api-v2']);
    expect(await openPorts(ports)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('Ctrl-C that arrives twice ends it once, cleanly', async () => {
    const dev = new Dev('-no-traffic');
    await dev.ready();
    const ports = dev.ports();
    dev.child.kill('SIGINT');
    dev.child.kill('SIGINT');
    expect(await dev.exited).toBe(0);
    expect(await openPorts(ports)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('even when it is killed nothing stays', async () => {
    const dev = new Dev('-no-traffic');
    await dev.ready();
    const ports = dev.ports();
    dev.child.kill('SIGKILL');
    await dev.exited;
    await until(
      'all of it is gone',
      async () => (await openPorts(ports)).length === 0 && readdirSync(temporary).length === 0,
    );
    expect(ports.length).toBeGreaterThan(10);
  });

  test('tells what the control plane does, as it happens', async () => {
    const dev = new Dev();
    const ready = await dev.ready();
    await until('the watches are open', () => dev.events.some(({ event }) => event === 'edges'));
    const { run } = await import('../support/run.js');
    const env = { CONSUL_HTTP_ADDR: ready.httpAddress ?? '' };
    expect((await run(['intention', 'create', '-deny', 'web', 'api'], { env })).out).toBe(
      'Created: web => api (deny)\n',
    );
    await until('the change is told', () =>
      dev.events.some((one) => one.what === 'service-intentions api written' && 'acceptedAfterMs' in one),
    );
    await until('requests are refused', () => (dev.events.at(-1)?.edges?.[0]?.totalFailures ?? 0) > 0);
    dev.child.kill('SIGTERM');
    expect(await dev.exited).toBe(0);
  });

  test('a taken port is named before anything is started', async () => {
    const [offset, other] = [anyOffset(), createServer()];
    onTestFinished(() => void other.close());
    await new Promise<void>((resolve, reject) => {
      other.once('error', reject).listen(8500 + offset, '127.0.0.1', resolve);
    });
    const dev = spawn(process.execPath, [MAIN, 'dev', `-port-offset=${offset}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    dev.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    expect(await new Promise((resolve) => dev.once('close', resolve))).toBe(1);
    expect(errors).toContain(`${8500 + offset} (the HTTP API, moved with -http-port)`);
  });
});
