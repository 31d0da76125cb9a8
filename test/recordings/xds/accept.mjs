// Starts a real Envoy for a proxy of a running scenario and asks it, over its admin API,
// whether it took everything that was dumped, and gave up what was removed.
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cleanEnv, sleep } from '../agent.mjs';

const exec = promisify(execFile);

async function bootstrap({ executable, agent, adminPort }, { id, node }) {
  const args = [
    'connect',
    'envoy',
    '-bootstrap',
    '-proxy-id',
    id,
    '-admin-bind',
    `127.0.0.1:${adminPort}`,
    '-ignore-envoy-compatibility',
  ];
  if (node) args.push('-node-name', node);
  const env = cleanEnv({
    CONSUL_HTTP_ADDR: `127.0.0.1:${agent.ports.http}`,
    CONSUL_GRPC_ADDR: `127.0.0.1:${agent.ports.grpc}`,
  });
  const { stdout } = await exec(executable, args, { cwd: agent.dir, maxBuffer: 16 << 20, env });
  JSON.parse(stdout);
  const file = join(agent.dir, `bootstrap-${id}.json`);
  writeFileSync(file, stdout);
  return file;
}

/** What an Envoy holds: names by kind, and what it could not use. */
function holdings(configDump, warming) {
  const have = {
    clusters: new Set(),
    endpoints: new Set(),
    listeners: new Set(),
    routes: new Set(),
    secrets: new Set(),
    extensions: new Set(),
  };
  const complaints = [];
  for (const c of configDump.configs ?? []) {
    for (const x of [...(c.dynamic_active_clusters ?? []), ...(warming ? (c.dynamic_warming_clusters ?? []) : [])])
      have.clusters.add(x.cluster.name);
    for (const x of c.dynamic_listeners ?? []) {
      if (x.active_state || (warming && x.warming_state)) have.listeners.add(x.name);
      if (x.error_state) complaints.push(`listener ${x.name}: ${x.error_state.details}`);
    }
    for (const x of c.dynamic_route_configs ?? []) have.routes.add(x.route_config?.name);
    for (const x of c.dynamic_endpoint_configs ?? []) have.endpoints.add(x.endpoint_config?.cluster_name);
    for (const x of c.dynamic_active_secrets ?? []) have.secrets.add(x.name);
  }
  return { have, complaints };
}

/** Starts an Envoy for one proxy. `ask(dump)` answers what is wrong with it, `end()` stops it. */
export async function startEnvoy(options) {
  const { envoy, proxy, agent, adminPort, warming = false } = options;
  let file;
  try {
    file = await bootstrap(options, typeof proxy === 'string' ? { id: proxy } : proxy);
  } catch (e) {
    const why = [
      `no bootstrap: ${String(e.stderr || e.message)
        .trim()
        .slice(0, 300)}`,
    ];
    return { ask: async () => why, end: async () => {} };
  }
  const child = spawn(
    envoy,
    ['-c', file, '--disable-hot-restart', '--concurrency', '1', '-l', 'warning', '--log-format', '%v'],
    { cwd: agent.dir, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '',
    gone = false;
  const earlier = { clusters: new Set(), listeners: new Set() }; // what earlier dumps held
  child.stdout.on('data', (d) => {
    log += d;
  });
  child.stderr.on('data', (d) => {
    log += d;
  });
  child.once('exit', () => {
    gone = true;
  });
  child.once('error', () => {
    gone = true;
  });
  const get = async (path) => {
    const r = await fetch(`http://127.0.0.1:${adminPort}${path}`, { signal: AbortSignal.timeout(2000) });
    return r.text();
  };

  async function ask(dump, limit = 8000) {
    let left = ['the admin port never answered'];
    const until = Date.now() + limit;
    while (Date.now() < until && !gone) {
      await sleep(150);
      try {
        const { have, complaints } = holdings(JSON.parse(await get('/config_dump?include_eds')), warming);
        const rejected = (await get('/stats?filter=(update_rejected|listener_create_failure)$'))
          .split('\n')
          .filter((l) => / [1-9]/.test(l));
        // by counters: not every Envoy shows the configurations of network filters in its dump
        for (const m of (await get('/stats?filter=extension_config_discovery.*config_reload$')).matchAll(
          /^extension_config_discovery\.[a-z_]+\.(.+)\.config_reload: [1-9]/gm,
        ))
          have.extensions.add(m[1]);
        left = [...complaints, ...rejected.map((l) => l.trim())];
        for (const [kind, all] of Object.entries(dump.resources)) {
          for (const name of Object.keys(all)) if (!have[kind]?.has(name)) left.push(`${kind}: ${name} is not there`);
          if (kind === 'clusters' || kind === 'listeners')
            for (const name of earlier[kind])
              if (!all[name] && have[kind].has(name)) left.push(`${kind}: ${name} is still there`);
        }
        if (!left.length) break;
        if ((complaints.length || rejected.length) && Date.now() > until - limit + 2500) break;
      } catch (e) {
        left = [`admin: ${e.message}`];
      }
    }
    for (const kind of Object.keys(earlier))
      for (const name of Object.keys(dump.resources[kind] ?? {})) earlier[kind].add(name);
    if (gone) left.push('Envoy ended');
    if (left.length)
      left.push(
        ...[
          ...new Set(
            log
              .split('\n')
              .filter((l) => /reject|error|fail|invalid|deprecat/i.test(l))
              .map((l) => l.slice(0, 400)),
          ),
        ]
          .slice(0, 6)
          .map((l) => `log: ${l}`),
      );
    return left;
  }
  async function end() {
    if (gone) return;
    child.kill('SIGTERM');
    for (let i = 0; i < 20 && !gone; i++) await sleep(50);
    if (!gone) child.kill('SIGKILL');
  }
  return { ask, end };
}
