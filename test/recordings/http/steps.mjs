// Performs one step of a scenario against a running agent and returns what it answered.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { DEFAULT_PORTS, cleanEnv, request, sleep } from '../agent.mjs';
import { ask } from './dns.mjs';

export const HEADERS = [
  'content-type',
  'content-encoding',
  'allow',
  'location',
  'age',
  'x-cache',
  'x-content-type-options',
  'content-security-policy',
  'x-consul-index',
  'x-consul-knownleader',
  'x-consul-lastcontact',
  'x-consul-effective-consistency',
  'x-consul-query-backend',
  'x-consul-results-filtered-by-acls',
  'x-consul-default-acl-policy',
  'x-consul-translate-addresses',
  'x-consul-contenthash',
  'x-consul-reason',
  'x-consul-token',
  'x-test',
  'access-control-allow-origin',
];

// Of a usage text only the first line is kept.
const brief = (t) => t.replace(/(^|\n)(Usage: [^\n]*)[\s\S]*/, '$1$2');

export function fill(v, vars) {
  if (typeof v === 'string')
    return v.replace(/\{\{(\w+)\}\}/g, (_, n) => (vars[n] === undefined ? `no-${n}` : String(vars[n])));
  if (Array.isArray(v)) return v.map((x) => fill(x, vars));
  if (v && typeof v === 'object')
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [fill(k, vars), fill(x, vars)]));
  return v;
}

// Whole numbers beyond 2^53 are kept as text so that nothing is lost.
export function parseJson(text) {
  const safe = text.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, (m) =>
    m[0] === '"' ? m : `"@int:${m}"`,
  );
  return JSON.parse(safe);
}

function pick(value, where) {
  let v = value;
  for (const part of where.split('.')) {
    if (v === null || v === undefined) return undefined;
    v = v[part];
  }
  return typeof v === 'string' && v.startsWith('@int:') ? v.slice(5) : v;
}

export class Player {
  constructor(agent, scenario) {
    this.agent = agent;
    this.scenario = scenario;
    this.vars = {
      dir: agent.dir,
      ...Object.fromEntries(Object.entries(agent.ports).map(([k, v]) => [`port_${k}`, v])),
    };
    this.pending = new Map();
    // Ports of this very run and its folder are written as in a plain run.
    this.portMap = new Map(
      Object.entries(agent.ports)
        .filter(([k, v]) => v !== DEFAULT_PORTS[k])
        .map(([k, v]) => [v, DEFAULT_PORTS[k]]),
    );
    this.portRe = this.portMap.size ? new RegExp(`\\b(${[...this.portMap.keys()].join('|')})\\b`, 'g') : null;
  }

  plain(v) {
    if (typeof v === 'string') {
      let s = v.replaceAll(this.agent.dir, '<dir>');
      const h = os.hostname();
      if (h.length > 3) s = s.replaceAll(h, '<host>');
      if (this.portRe) s = s.replace(this.portRe, (m) => String(this.portMap.get(Number(m))));
      return s;
    }
    if (typeof v === 'number') return this.portMap.get(v) ?? v;
    if (Array.isArray(v)) return v.map((x) => this.plain(x));
    if (v && typeof v === 'object')
      return Object.fromEntries(
        Object.entries(v).map(([k, x]) => [
          this.plain(k),
          k === 'PeeringToken' && typeof x === 'string' ? this.plainToken(x) : this.plain(x),
        ]),
      );
    return v;
  }

  // A peering token is packed text: what is inside is treated like everything else.
  plainToken(t) {
    try {
      return Buffer.from(JSON.stringify(this.plain(JSON.parse(Buffer.from(t, 'base64').toString('utf8'))))).toString(
        'base64',
      );
    } catch {
      return t;
    }
  }

  async http(step) {
    const [method, ...rest] = step.http.split(' ');
    const target = rest.join(' ');
    const headers = { ...step.headers };
    const token = step.token === undefined ? this.scenario.token : step.token;
    if (token && headers['X-Consul-Token'] === undefined) headers['X-Consul-Token'] = token;
    let body = step.body;
    if (step.bytes !== undefined) body = Buffer.alloc(step.bytes, 120);
    else if (step.base64 !== undefined) body = Buffer.from(step.base64, 'base64');
    else if (step.fromFile !== undefined) body = fs.readFileSync(path.join(this.agent.dir, step.fromFile));
    else if (body !== undefined && typeof body !== 'string')
      body = JSON.stringify(body, (k, v) => v).replace(/"@int:(-?\d+)"/g, '$1');
    if (body !== undefined) headers['Content-Length'] = Buffer.byteLength(body);
    const started = Date.now();
    const r = await request(this.agent.ports.http, {
      method,
      path: target,
      headers,
      body,
      timeout: step.timeout ?? 12000,
    });
    if (r.error) return { kind: 'http', error: r.error };
    const out = { kind: 'http', status: r.status, headers: {}, at: r.at, ms: Date.now() - started };
    for (const h of HEADERS) if (r.headers[h] !== undefined) out.headers[h] = this.plain(String(r.headers[h]));
    let raw = r.body;
    if (r.headers['content-encoding'] === 'gzip') {
      try {
        raw = zlib.gunzipSync(raw);
      } catch {}
    }
    if (step.toFile) fs.writeFileSync(path.join(this.agent.dir, step.toFile), raw);
    const text = raw.toString('utf8');
    if (Buffer.compare(Buffer.from(text, 'utf8'), raw) !== 0) out.binary = raw.length > 0;
    else if (
      !step.rawText &&
      (/json/.test(r.headers['content-type'] ?? '') || step.compare === 'shape') &&
      text.trim() !== ''
    ) {
      try {
        out.json = this.plain(parseJson(text));
        this.last = parseJson(text);
      } catch {
        out.text = this.plain(text);
      }
    } else out.text = this.plain(text);
    this.lastText = text;
    this.lastHeaders = r.headers;
    return out;
  }

  async cli(step) {
    const env = cleanEnv({
      CONSUL_HTTP_ADDR: `127.0.0.1:${this.agent.ports.http}`,
      CONSUL_GRPC_ADDR: `127.0.0.1:${this.agent.ports.grpc}`,
      ...step.env,
    });
    const token = step.token === undefined ? this.scenario.token : step.token;
    if (token) env.CONSUL_HTTP_TOKEN = token;
    const child = spawn(this.agent.executable, step.cli, {
      cwd: this.agent.dir,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const out = [],
      err = [];
    child.stdout.on('data', (d) => out.push(d));
    child.stderr.on('data', (d) => err.push(d));
    child.stdin.on('error', () => {});
    child.stdin.end(step.stdin ?? '');
    const code = await new Promise((resolve) => {
      const timer = setTimeout(() => {
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {}
      }, step.timeout ?? 15000);
      child.on('error', () => {
        clearTimeout(timer);
        resolve(-1);
      });
      child.on('close', (c) => {
        clearTimeout(timer);
        resolve(c ?? -1);
      });
    });
    const stdout = Buffer.concat(out).toString('utf8'),
      stderr = Buffer.concat(err).toString('utf8');
    this.lastText = stdout;
    this.last = undefined;
    const res = { kind: 'cli', exit: code, stderr: this.plain(brief(stderr)), at: Date.now() };
    if (/^\s*[[{]/.test(stdout)) {
      try {
        this.last = parseJson(stdout);
        res.json = this.plain(this.last);
      } catch {
        res.text = this.plain(stdout);
      }
    } else res.text = this.plain(brief(stdout));
    return res;
  }

  async dns(step) {
    const [name, type] = step.dns.split(' ');
    const r = await ask(
      { name, type, edns: step.edns, tcp: step.tcp, rd: step.rd, subnet: step.subnet },
      { host: '127.0.0.1', port: this.agent.ports.dns },
    );
    if (r.error) return { kind: 'dns', error: r.error };
    delete r.size;
    const key = (x) => JSON.stringify(x);
    r.counts = { answer: r.answer.length, authority: r.authority.length, additional: r.additional.length };
    for (const s of ['answer', 'authority', 'additional']) r[s].sort((a, b) => (key(a) < key(b) ? -1 : 1));
    return { kind: 'dns', json: this.plain(r), at: Date.now() };
  }

  save(step) {
    for (const [name, where] of Object.entries(step.save ?? {})) {
      let v;
      if (where.startsWith('header:')) v = this.lastHeaders?.[where.slice(7).toLowerCase()];
      else if (where.startsWith('/'))
        v = new RegExp(where.slice(1, where.lastIndexOf('/')), 'm').exec(this.lastText ?? '')?.[1];
      else if (where === 'text') v = this.lastText;
      else v = pick(this.last, where);
      this.vars[name] = v;
    }
  }

  // Returns an answer to be compared, or null for steps that only prepare something.
  async play(raw) {
    const step = fill(raw, this.vars);
    if (step.file !== undefined) {
      fs.writeFileSync(
        path.join(this.agent.dir, step.file),
        typeof step.text === 'string' ? step.text : JSON.stringify(step.text, null, 2),
      );
      return null;
    }
    if (step.sleep !== undefined) {
      await sleep(step.sleep);
      return null;
    }
    if (step.wait !== undefined) {
      const end = Date.now() + (step.forMs ?? 8000);
      for (;;) {
        const r = step.wait.startsWith('dns ')
          ? await this.dns({ dns: step.wait.slice(4) })
          : await this.http({ http: step.wait, token: step.token });
        const text = r.json !== undefined ? JSON.stringify(r.json) : (r.text ?? '');
        if (
          (step.status === undefined || r.status === step.status) &&
          (step.has === undefined || new RegExp(step.has).test(text)) &&
          (step.lacks === undefined || !new RegExp(step.lacks).test(text)) &&
          !r.error
        )
          break;
        if (Date.now() > end) break;
        await sleep(20);
      }
      this.save(step);
      return null;
    }
    if (step.finish !== undefined) {
      const p = this.pending.get(step.finish);
      this.pending.delete(step.finish);
      const r = await p.promise;
      r.woke = r.ms < p.limit;
      this.save(step);
      return r;
    }
    if (step.start !== undefined) {
      this.pending.set(step.start, { promise: this.http(step), limit: step.limit ?? 5000 });
      await sleep(150);
      return null;
    }
    let r;
    if (step.cli !== undefined) r = await this.cli(step);
    else if (step.dns !== undefined) r = await this.dns(step);
    else {
      r = await this.http(step);
      if (step.timed) r.took = r.ms < step.timed[0] ? 'too fast' : r.ms > step.timed[1] ? 'too slow' : 'in time';
    }
    this.save(step);
    return r;
  }
}

export const isScored = (step) =>
  step.http !== undefined
    ? step.start === undefined
    : step.cli !== undefined || step.dns !== undefined || step.finish !== undefined;
export const label = (step) =>
  step.finish !== undefined
    ? `finish ${step.finish}`
    : (step.http ?? (step.cli ? `consul ${step.cli.join(' ')}` : step.dns ? `dns ${step.dns}` : ''));
