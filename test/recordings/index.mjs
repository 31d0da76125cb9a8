// Recorded scenarios of both kinds behind one door: which there are, which are in scope, playing many, summing up.
// What is in scope.json under `waiting` needs something that is not built yet; classify.mjs decides and says why.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkHttp, httpFailures, httpScenarios } from './http/play.mjs';
import { checkXds, xdsFailures } from './xds/play.mjs';
import { xdsFamily, xdsScenarios } from './xds/scenarios.mjs';

/** Of the scenarios in scope at least this share must pass. */
export const REQUIRED = 0.95;

const scope = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'scope.json'), 'utf8'));

/** All scenarios of one kind (`http` or `xds`): [{ kind, id, family, inScope, waitsFor? }]. */
export function scenarios(kind) {
  const all = kind === 'http' ? httpScenarios() : xdsScenarios().map((id) => ({ id, family: xdsFamily(id) }));
  const inScope = new Set(scope[kind].inScope);
  return all.map(({ id, family }) => ({
    kind,
    id,
    family,
    inScope: inScope.has(id),
    waitsFor: scope[kind].waiting[id],
  }));
}

/** What to print about a scenario that did not pass. */
export const failureLines = (result) => (result.kind === 'http' ? httpFailures(result) : xdsFailures(result));

async function checkOne(executable, { kind, id, family, inScope }, options) {
  const started = Date.now();
  const result =
    kind === 'http' ? await checkHttp(executable, { id, family }, options) : await checkXds(executable, id, options);
  return { ...result, kind, inScope, ms: Date.now() - started };
}

const noHost = /** @type {() => import('./agent-host.mjs').AgentHost | undefined} */ (() => undefined);

/**
 * Plays the scenarios against `executable`, `jobs` at a time, and answers their results in the order given. After several
 * agents in a row that did not come up the rest is not tried. `onDone` is called with each result. With `newHost` agents are not
 * processes of `executable`, but run in the AgentHosts that it makes, one for each job.
 */
export async function playAll(executable, items, { jobs = 2, onDone = () => {}, newHost = noHost, ...options } = {}) {
  const queue = items.map((item, i) => ({ item, i }));
  const results = [];
  let dead = 0;
  const worker = async () => {
    const host = newHost();
    for (let next = queue.shift(); next; next = queue.shift()) {
      const result = dead < 5 ? await checkOne(executable, next.item, { ...options, host }) : notTried(next.item);
      dead = isDead(result) ? dead + 1 : 0;
      results[next.i] = result;
      onDone(result);
    }
    host?.close();
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

const why = 'not tried: the agents of the scenarios before did not come up';
const notTried = ({ kind, id, family, inScope }) => ({
  kind,
  id,
  family,
  inScope,
  pass: false,
  score: 0,
  ms: 0,
  failures: [why],
  differences: [],
  results: [{ step: why, pass: false, issues: [] }],
});
const isDead = ({ failures, results }) =>
  /^(?:agent |not tried)/.test(failures?.[0] ?? '') ||
  results?.every(
    ({ issues, step }) => step === why || issues.some((issue) => /did not become ready/.test(issue.got)),
  ) === true;

/** Sums by kind and family: [{ kind, family, scenarios, passed, inScope, inScopePassed, score }]. */
export function byFamily(results) {
  const rows = new Map();
  for (const { kind, family, pass, score, inScope } of results) {
    const key = `${kind} ${family}`;
    const row = rows.get(key) ?? { kind, family, scenarios: 0, passed: 0, inScope: 0, inScopePassed: 0, score: 0 };
    row.scenarios++;
    row.score += score;
    if (pass) row.passed++;
    if (inScope) row.inScope++;
    if (inScope && pass) row.inScopePassed++;
    rows.set(key, row);
  }
  return [...rows.values()].map((row) => ({ ...row, score: row.score / row.scenarios }));
}

/** The share of scenarios in scope that passed, 0 to 1; 1 when there are none. */
export function rateInScope(results, kind) {
  const mine = results.filter((result) => result.kind === kind && result.inScope);
  return mine.length ? mine.filter((result) => result.pass).length / mine.length : 1;
}
