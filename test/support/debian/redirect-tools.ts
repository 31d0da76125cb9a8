import { spawnSync } from 'node:child_process';
import { type Tool, debianTools } from './debian-tools.js';

/** What each way to write rules needs; `connect redirect-traffic` takes the first that is on its PATH. */
export const REDIRECT_TOOLS = {
  nft: ['nft'],
  iptables: ['iptables-restore', 'iptables-save', 'ip6tables-restore', 'ip6tables-save'],
} as const satisfies Readonly<Record<string, readonly Tool[]>>;

export type RedirectTool = keyof typeof REDIRECT_TOOLS;

/** A rule of each kind that the kernel must know. */
const TRIAL: Readonly<Record<RedirectTool, readonly [program: string, args: readonly string[], input: string]>> = {
  nft: [
    'nft',
    ['-f', '-'],
    'table ip trial {\n chain out {\n type nat hook output priority -100;\n meta skuid 1 return\n meta l4proto tcp redirect to :1\n }\n}\n',
  ],
  iptables: [
    'iptables-restore',
    [],
    '*nat\n-A OUTPUT -m owner --uid-owner 1 -j RETURN\n-A OUTPUT -p tcp -j REDIRECT --to-ports 1\nCOMMIT\n',
  ],
};

/** Why connections cannot be redirected in a network namespace with this tool here; undefined when they can. */
export function whyNoRedirection(tool: RedirectTool): string | undefined {
  const { path, whyNot } = debianTools();
  const missing = whyNot(...REDIRECT_TOOLS[tool]);
  if (missing !== undefined) return missing;
  if (spawnSync('unshare', ['-n', 'true']).status !== 0) return 'no network namespaces can be made here';
  const [program, args, input] = TRIAL[tool];
  const env = { ...process.env, PATH: path };
  const { status, stderr } = spawnSync('unshare', ['-n', program, ...args], { input, env, encoding: 'utf8' });
  if (status === 0) return undefined;
  return `this kernel takes no rules of ${tool} in a network namespace: ${stderr.trim().split('\n')[0] ?? ''}`;
}
