// Tracked text must not name a machine's folders or a private registry, hold a secret, or copy other people's protos.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, runQuiet } from '../lib/run.mjs';

// Written in pieces so that this file does not find itself.
const rules = [
  [
    'a path of one machine',
    new RegExp(`(?<![\\w.$}/])/(?:${['work', 'home', 'Users', 'root'].join('|')})/[A-Za-z0-9_]`),
  ],
  [
    'a registry host',
    new RegExp(
      [
        'registry\\.npmjs',
        'npm\\.pkg\\.',
        'pypi\\.org/simple',
        `${'arti'}factory`,
        `verdacc${'io'}`,
        '"resolved":\\s*"',
      ].join('|'),
      'i',
    ),
  ],
  ['a private key', new RegExp(`-----BEGIN ${'(?:[A-Z]+ )?'}PRIVATE KEY-----\\s+[A-Za-z0-9+/]{40}`)],
  [
    'a cloud credential',
    new RegExp(
      `\\b${'AK'}IA[0-9A-Z]{16}\\b|\\bgh[pousr]_[A-Za-z0-9]{36}\\b|\\bxox[abprs]-[A-Za-z0-9-]{20}|${'npm'}_[A-Za-z0-9]{36}`,
    ),
  ],
  [
    "someone else's .proto file",
    /^\/\/ (?:Copyright|\[#protodoc)|option java_package = "(?:io\.envoyproxy|com\.google)/m,
    /\.proto$/,
  ],
];

/** Recorded answers are data as a real server gave them: made-up keys and paths belong to them. */
const exempt = [{ path: /^test\/recordings\/data\//, rules: ['a private key', 'a path of one machine'] }];

/** The tracked (or about to be tracked) files of the project. */
export async function trackedFiles() {
  const { out } = await runQuiet('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  return out.split('\0').filter((name) => name && statSync(join(root, name), { throwIfNoEntry: false })?.isFile());
}

/** What is wrong with one text: a list of `rule, line`. */
export function findings(path, text) {
  const out = [];
  for (const [name, pattern, only] of rules) {
    if (only && !only.test(path)) continue;
    if (exempt.some((one) => one.path.test(path) && one.rules.includes(name))) continue;
    const match = pattern.exec(text);
    if (match)
      out.push(`${path}:${text.slice(0, match.index).split('\n').length}: ${name}: ${match[0].trim().slice(0, 60)}`);
  }
  return out;
}

/** No tracked file breaks one of the rules above. */
export async function hygiene() {
  const files = await trackedFiles();
  if (files.length === 0) return { ok: true, text: '', note: 'not a git checkout: nothing looked at' };
  const bad = [];
  for (const path of files) {
    const content = readFileSync(join(root, path));
    if (!content.subarray(0, 8000).includes(0)) bad.push(...findings(path, content.toString('utf8')));
  }
  return { ok: bad.length === 0, text: bad.join('\n'), note: `${files.length} files` };
}

/** Reports source files that grew long; never fails. */
export async function sizes() {
  const long = [];
  for (const path of await trackedFiles()) {
    if (!/\.(?:ts|mjs)$/.test(path) || path.includes('/data/')) continue;
    const lines = readFileSync(join(root, path), 'utf8').split('\n').length - 1;
    if (lines > 500) long.push(`${path}: ${lines} lines`);
  }
  return {
    ok: true,
    text: long.length ? `look hard at these (over 500 lines):\n${long.join('\n')}` : '',
    note: `${long.length} over 500 lines`,
  };
}
