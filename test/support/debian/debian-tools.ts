import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeOnce } from '../make-once.js';
import { unpackPackages } from './unpack-packages.js';

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '.cache', 'debian');
const WAIT_MS = 100_000;

/** Programs that tests run but few machines have: Debian's package, and where in it the program is. */
const TOOLS = {
  dig: ['bind9-dnsutils', 'usr/bin/dig'],
  unbound: ['unbound', 'usr/sbin/unbound'],
  nft: ['nftables', 'usr/sbin/nft'],
  'iptables-save': ['iptables', 'usr/sbin/iptables-nft-save'],
  'iptables-restore': ['iptables', 'usr/sbin/iptables-nft-restore'],
  'ip6tables-save': ['iptables', 'usr/sbin/ip6tables-nft-save'],
  'ip6tables-restore': ['iptables', 'usr/sbin/ip6tables-nft-restore'],
} as const;

export type Tool = keyof typeof TOOLS;

export interface DebianTools {
  /** A PATH on which the tools are found: the machine's, and before it those that were fetched. */
  readonly path: string;
  /** Why one of these tools cannot be run here; undefined when all can. */
  readonly whyNot: (...tools: readonly Tool[]) => string | undefined;
}

let found: DebianTools | undefined;

/**
 * The tools, those that are not on the PATH fetched from Debian's packages into the project's cache. All that are missing are
 * fetched at once: starting apt takes longer than the packages do. Call it before going where there is no network.
 */
export function debianTools(): DebianTools {
  found ??= find();
  return found;
}

function find(): DebianTools {
  const machine = process.env['PATH'] ?? '';
  const missing = (Object.keys(TOOLS) as Tool[]).filter((tool) => !isOn(machine, tool));
  if (missing.length === 0) return { path: machine, whyNot: () => undefined };
  const whyNot = (why: string, lacking: readonly Tool[], tools: readonly Tool[]): string | undefined => {
    const named = tools.filter((tool) => lacking.includes(tool));
    return named.length === 0 ? undefined : `${named.join(', ')} cannot be run here: ${why}`;
  };
  try {
    const bin = fetched(missing);
    const path = `${bin}:${machine}`;
    const broken = missing.filter((tool) => !starts(join(bin, tool)));
    return { path, whyNot: (...tools) => whyNot("Debian's package does not start", broken, tools) };
  } catch (thrown) {
    const why = `not on the PATH, and ${(thrown as Error).message}`;
    return { path: machine, whyNot: (...tools) => whyNot(why, missing, tools) };
  }
}

const isOn = (path: string, tool: Tool): boolean => path.split(':').some((folder) => existsSync(join(folder, tool)));

/** Every one of them knows -V or refuses it; one that lacks a library ends with 127. */
const starts = (program: string): boolean =>
  ![126, 127, null].includes(spawnSync(program, ['-V'], { stdio: 'ignore', timeout: 10_000 }).status);

/** The folder of the scripts that start the tools. */
function fetched(tools: readonly Tool[]): string {
  const packages = [...new Set(tools.map((tool) => TOOLS[tool][0]))].sort();
  const home = join(CACHE, packages.join('+'));
  makeOnce(home, WAIT_MS, (folder) => {
    unpackPackages(folder, packages);
    // Other users run them, too.
    chmodSync(folder, 0o755);
    return folder;
  });
  const bin = join(home, 'on-path');
  mkdirSync(bin, { recursive: true });
  for (const tool of tools) writeScript(join(bin, tool), startScript(home, TOOLS[tool][1]));
  return bin;
}

/** Written when it is another: the project may have moved. */
function writeScript(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  const written = `${path}.${process.pid}`;
  writeFileSync(written, text, { mode: 0o755 });
  renameSync(written, path);
}

/** Needs nothing on the PATH: tests take everything else away from it. */
function startScript(home: string, program: string): string {
  const libraries = ['usr/lib', 'lib'].flatMap((name) => {
    const folder = join(home, name);
    if (!existsSync(folder)) return [];
    return [folder, ...readdirSync(folder).flatMap((one) => (one.includes('linux-gnu') ? [join(folder, one)] : []))];
  });
  const extensions = libraries.map((folder) => join(folder, 'xtables')).find((folder) => existsSync(folder));
  const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  return [
    '#!/bin/sh',
    `export LD_LIBRARY_PATH=${quoted(libraries.join(':'))}`,
    ...(extensions === undefined ? [] : [`export XTABLES_LIBDIR=${quoted(extensions)}`]),
    `exec ${quoted(join(home, program))} "$@"`,
    '',
  ].join('\n');
}
