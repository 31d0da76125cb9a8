import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { UsageError } from '../usage-error.js';
import { iptablesScript } from './iptables.js';
import { nftablesScript } from './nftables.js';
import type { Family, RedirectPlan } from './redirect-plan.js';

/** Rules as one program takes them on its standard input. */
export interface PreparedRules {
  readonly program: string;
  readonly args: readonly string[];
  readonly script: string;
}

export interface RuleSurroundings {
  readonly path: string;
  /** A network namespace: its file, or its name below /var/run/netns. Empty = the one this process is in. */
  readonly netns: string;
}

const NETNS_FOLDER = '/var/run/netns';
/** There when the kernel knows IPv6. */
const IPV6_ADDRESSES = '/proc/net/if_inet6';
/** How long another run of iptables is waited for. */
const LOCK_SECONDS = '5';
/** Bit of CAP_NET_ADMIN in the kernel's sets of capabilities. */
const NET_ADMIN = 12n;

const SAVE: Readonly<Record<Family, string>> = { 4: 'iptables-save', 6: 'ip6tables-save' };
const RESTORE: Readonly<Record<Family, string>> = { 4: 'iptables-restore', 6: 'ip6tables-restore' };

/**
 * The rules for the tool that is there: nftables, else iptables. `isDryRun`: without a look at the rules of before, which
 * takes rights; where neither tool is, as nftables would be given them. Throws a sentence when there is no tool to apply them.
 */
export function preparedRules(
  plan: RedirectPlan,
  surroundings: RuleSurroundings,
  isDryRun: boolean,
): readonly PreparedRules[] {
  const families: readonly Family[] = existsSync(IPV6_ADDRESSES) ? [4, 6] : [4];
  const hasIptables = ['iptables-restore', 'iptables-save'].every((name) => isProgram(name, surroundings.path));
  if (isProgram('nft', surroundings.path) || (isDryRun && !hasIptables))
    return [{ program: 'nft', args: ['-f', '-'], script: nftablesScript(plan, families) }];
  if (!hasIptables) throw new Error('neither nft nor iptables-restore is on the PATH; install nftables or iptables');
  const served = families.filter((family) => isProgram(RESTORE[family], surroundings.path));
  return served.map((family) => {
    const saved = isDryRun ? '' : run({ program: SAVE[family], args: ['-t', 'nat'], script: '' }, surroundings);
    return {
      program: RESTORE[family],
      args: ['--noflush', '-w', LOCK_SECONDS],
      script: iptablesScript(plan, family, saved),
    };
  });
}

/** Puts the rules into force. Throws a sentence for a lack of rights, and with what the tool says when it refuses. */
export function applyRules(rules: readonly PreparedRules[], surroundings: RuleSurroundings): void {
  for (const prepared of rules) run(prepared, surroundings);
}

/** Throws a sentence unless this process may change rules here. */
export function requireRights(): void {
  if (process.platform !== 'linux')
    throw new Error('traffic can be redirected on Linux only; -dry-run shows the rules anywhere');
  const status = readFileSync('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  if (((effective >> NET_ADMIN) & 1n) === 1n) return;
  throw new Error(
    'redirecting traffic needs root, or the capability NET_ADMIN; run it with sudo, or see the rules with -dry-run',
  );
}

function run({ program, args, script }: PreparedRules, { netns, path }: RuleSurroundings): string {
  const file = namespaceFile(netns);
  if (file !== '' && !isProgram('nsenter', path))
    throw new Error('-netns needs nsenter, which is not on the PATH; install util-linux');
  const [command, given] = file === '' ? [program, args] : ['nsenter', [`--net=${file}`, program, ...args]];
  const result = spawnSync(command, given, { input: script, encoding: 'utf8', env: { ...process.env, PATH: path } });
  if (result.error) throw new Error(`${program} cannot be run: ${result.error.message}`);
  if (result.status === 0) return result.stdout;
  const said = result.stderr.trim().split('\n').slice(0, 3).join('; ');
  throw new Error(
    `${program} refused the rules, and nothing was changed by it: ${said || `exit code ${result.status}`}`,
  );
}

function namespaceFile(netns: string): string {
  if (netns === '') return '';
  const file = netns.includes('/') ? netns : join(NETNS_FOLDER, netns);
  if (existsSync(file)) return file;
  throw new UsageError(`-netns: there is no network namespace ${file}; \`ip netns list\` names those there are`);
}

function isProgram(name: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
