import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { arch, cpus, freemem, hostname, platform, release, totalmem, uptime } from 'node:os';
import { json } from '../answers.js';
import type { AgentRequest, AgentRoute, ApiAnswer } from '../route.js';

/** The host the agent runs on (consul-behaviour.md 1.2, `agent/host`). */
export const agentHostRoutes: readonly AgentRoute[] = [
  {
    method: 'GET',
    path: '/v1/agent/host',
    acl: { resource: 'operator', access: 'read', scope: 'any' },
    blocking: false,
    handle: describeHost,
  },
];

async function describeHost({ deps, config }: AgentRequest): Promise<ApiAnswer> {
  const [total, free] = [totalmem(), freemem()];
  const system = osRelease();
  const upSeconds = Math.round(uptime());
  const disk = await describeDisk(config.dataDir);
  return json({
    Memory: { total, available: free, used: total - free, usedPercent: ((total - free) / total) * 100, free },
    CPU: cpus().map(({ model, speed }, cpu) => ({ cpu, modelName: model, mhz: speed, cores: 1 })),
    Host: {
      hostname: hostname(),
      uptime: upSeconds,
      bootTime: Math.round(deps.clock.now() / 1000) - upSeconds,
      os: platform(),
      platform: system['ID'] ?? platform(),
      platformVersion: system['VERSION_ID'] ?? '',
      kernelVersion: release(),
      kernelArch: arch() === 'x64' ? 'x86_64' : arch(),
    },
    Disk: disk,
    CollectionTime: deps.clock.now() * 1e6,
    Errors: null,
  });
}

/** The file system of the data directory. */
async function describeDisk(path: string): Promise<object | null> {
  if (path === '') return null;
  try {
    const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
    const used = (blocks - bfree) * bsize;
    const usable = used + bavail * bsize;
    return {
      path,
      total: blocks * bsize,
      free: bavail * bsize,
      used,
      usedPercent: usable === 0 ? 0 : (used / usable) * 100,
      inodesTotal: files,
      inodesUsed: files - ffree,
      inodesFree: ffree,
    };
  } catch {
    return null;
  }
}

/** What the distribution says about itself; nothing where there is no such file. */
function osRelease(): Readonly<Record<string, string>> {
  try {
    const lines = readFileSync('/etc/os-release', 'utf8').split('\n');
    return Object.fromEntries(
      lines.flatMap((line) => {
        const [, name, value] = /^([A-Z_]+)="?([^"]*)"?$/.exec(line) ?? [];
        return name === undefined ? [] : [[name, value ?? '']];
      }),
    );
  } catch {
    return {};
  }
}
