// Starts a throw-away agent on free ports, and talks to it. Used by the players of both kinds of recordings.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../support/free-ports.mjs';

/** The ports that recordings know; in answers those of a run are turned back into these. */
export const DEFAULT_PORTS = {
  http: 8500,
  dns: 8600,
  grpc: 8502,
  grpc_tls: 8503,
  serf_lan: 8301,
  serf_wan: 8302,
  server: 8300,
};

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A small environment for child processes: nothing of ours can change what they do. */
export function cleanEnv(extra = {}) {
  const env = {};
  for (const key of ['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_CACHE_HOME'])
    if (process.env[key] !== undefined) env[key] = process.env[key];
  return { ...env, ...extra };
}

/** One HTTP request; resolves to { status, headers, body, at } or { error }. */
export function request(port, { method = 'GET', path: target = '/', headers = {}, body, timeout = 12_000 }) {
  return new Promise((resolve) => {
    const fail = (error) => resolve({ error: error.code ?? error.message });
    let req;
    try {
      req = http.request(
        { host: '127.0.0.1', port, method, path: target, headers: { Connection: 'close', ...headers }, agent: false },
        (res) => {
          const chunks = [];
          res.on('data', (chunk) => chunks.push(chunk));
          res.on('end', () =>
            resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(chunks), at: Date.now() }),
          );
          res.on('error', fail);
        },
      );
    } catch (error) {
      fail(error);
      return;
    }
    req.setTimeout(timeout, () => req.destroy(new Error('timeout')));
    req.on('error', fail);
    if (body !== undefined) req.write(body);
    req.end();
  });
}

/** Agents that run, by their process; they are in groups of their own and would outlive us. */
const running = new Map();
process.on('exit', () => {
  for (const [child, dir] of running) {
    killGroup(child);
    fs.rmSync(dir, { recursive: true, force: true });
  }
});

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}

/** Starts `executable` in a group of its own, with its log in `dir`. Answers { isGone(), why(), stop() }. */
function startProcess(executable, args, dir) {
  const logFile = path.join(dir, 'agent.log');
  const log = fs.openSync(logFile, 'w');
  const child = spawn(executable, args, { cwd: dir, stdio: ['ignore', log, log], detached: true, env: cleanEnv() });
  fs.closeSync(log);
  if (child.pid !== undefined) running.set(child, dir);
  let gone;
  child.on('exit', (code, signal) => {
    gone ??= `agent ended (${code ?? signal})`;
  });
  child.on('error', (error) => {
    gone ??= `agent did not start: ${error.message}`;
  });
  return {
    isGone: () => gone !== undefined,
    why: () => `${gone ?? 'agent is still there'}: ${fs.readFileSync(logFile, 'utf8').slice(-300)}`,
    async stop() {
      running.delete(child);
      if (gone === undefined) killGroup(child);
      for (let i = 0; i < 100 && gone === undefined; i++) await sleep(10);
    },
  };
}

/**
 * Starts `executable agent -dev`, or the agent of `host` (agent-host.mjs) in its place, with free ports and `config` as its
 * configuration file, in a folder of its own. Answers { dir, ports, executable, isGone(), why(), stop() }, where why() says why it is gone,
 * with the end of its log; whether it is ready is for the caller to ask.
 */
export async function spawnAgent(executable, { config, node, args: more = [], files = {}, host } = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'recording-'));
  const ports = {};
  for (const name of Object.keys(DEFAULT_PORTS)) ports[name] = await freePort();
  const args = ['-dev', ...(node ? ['-node', node] : [])];
  for (const [name, port] of Object.entries(ports)) args.push(`-${name.replace('_', '-')}-port`, String(port));
  if (config) {
    fs.writeFileSync(path.join(dir, 'agent.json'), JSON.stringify(config, null, 2));
    args.push('-config-file', path.join(dir, 'agent.json'));
  }
  for (const [name, text] of Object.entries(files))
    fs.writeFileSync(path.join(dir, name), typeof text === 'string' ? text : JSON.stringify(text));
  args.push(...more.map((one) => one.replaceAll('<dir>', dir)));
  const started = host ? await host.start(args, dir) : startProcess(executable, ['agent', ...args], dir);
  return {
    ...started,
    dir,
    ports,
    executable,
    async stop() {
      await started.stop();
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
