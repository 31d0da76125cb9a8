// Compares what a control plane delivered with a recording. Two results: a score (how many path-and-value leaves agree,
// 0 to 1) and hard failures (facts that decide how traffic flows). A scenario passes at a score of at least 0.98 without
// a hard failure.
import { canonical, stable } from './canonical.mjs';
import { facts, find } from './facts.mjs';
import { agree, chainKey, leaves, ratio } from './leaves.mjs';
import { disagreement } from './rbac.mjs';

const PASS = 0.98;
const KINDS = ['clusters', 'endpoints', 'listeners', 'routes'];
const short = (s) => (s.length > 600 ? s.slice(0, 600) + ' …' : s);

function hardFailures(want, got) {
  const bad = [];
  for (const kind of KINDS) {
    const w = want.resources[kind] ?? {},
      g = got.resources[kind] ?? {};
    for (const n of Object.keys(w)) if (!g[n]) bad.push(`${kind}: ${n} is missing`);
    for (const n of Object.keys(g)) {
      if (w[n]) continue;
      if (kind === 'endpoints' && !find(g[n], 'lb_endpoints').some((x) => x.length)) continue;
      bad.push(`${kind}: ${n} is not expected`);
    }
    for (const n of Object.keys(w)) {
      if (!g[n]) continue;
      const a = facts(kind, w[n]),
        b = facts(kind, g[n]);
      for (const [k, v] of a) {
        if (!b.has(k)) bad.push(`${kind}: ${n}: ${k}: missing (want ${short(v)})`);
        else if (b.get(k) !== v) bad.push(`${kind}: ${n}: ${k}: want ${short(v)} got ${short(b.get(k))}`);
      }
      for (const k of b.keys()) if (!a.has(k)) bad.push(`${kind}: ${n}: ${k}: not expected (${short(b.get(k))})`);
    }
  }
  for (const kind of ['clusters', 'listeners']) {
    const w = (want.removed?.[kind] ?? []).join(' '),
      g = (got.removed?.[kind] ?? []).join(' ');
    if (w !== g) bad.push(`removed ${kind}: want [${w}] got [${g}]`);
  }
  const known = new Set(want.problems ?? []);
  for (const p of got.problems ?? []) if (!known.has(p)) bad.push(`protocol: ${p}`);
  return bad;
}

const isRbac = (x) => x?.typed_config?.['@type']?.endsWith('.rbac.v3.RBAC') ?? false;
function rbacs(listener) {
  const out = new Map();
  for (const c of [
    ...(listener.filter_chains ?? []),
    ...(listener.default_filter_chain ? [listener.default_filter_chain] : []),
  ]) {
    for (const f of [...(c.filters ?? []), ...(c.filters ?? []).flatMap((x) => x.typed_config?.http_filters ?? [])]) {
      if (!isRbac(f)) continue;
      let k = `${chainKey(c)}: ${f.name}`;
      while (out.has(k)) k += ' again';
      out.set(k, f.typed_config);
    }
  }
  return out;
}

/** Rules that let the same requests through count as the same rules, whatever their form. */
function authorization(want, got) {
  const bad = [];
  for (const [name, w] of Object.entries(want.resources.listeners ?? {})) {
    const g = got.resources.listeners?.[name];
    if (!g) continue;
    const theirs = rbacs(g);
    for (const [k, a] of rbacs(w)) {
      const b = theirs.get(k);
      if (!b) {
        bad.push(`listeners: ${name}: ${k}: no rules`);
        continue;
      }
      if (stable(a.rules ?? null) === stable(b.rules ?? null)) continue;
      const d = disagreement(a.rules, b.rules);
      if (d) bad.push(`listeners: ${name}: ${k}: ${d}`);
      else if (a.rules === undefined) delete b.rules;
      else b.rules = structuredClone(a.rules);
    }
  }
  return bad;
}

/** A control plane may put what it likes into the metadata of a filter chain, where the recording has none. */
function chainMetadata(want, got) {
  const chains = (l) => [...(l?.filter_chains ?? []), ...(l?.default_filter_chain ? [l.default_filter_chain] : [])];
  for (const [name, g] of Object.entries(got.resources.listeners ?? {})) {
    const asked = new Set(
      chains(want.resources.listeners?.[name])
        .filter((c) => c.metadata)
        .map(chainKey),
    );
    for (const c of chains(g)) if (!asked.has(chainKey(c))) delete c.metadata;
  }
}

/** Settings of token verification that Consul keeps to itself and we hand on, so that recordings have none. */
const HANDED_ON = ['clock_skew_seconds', 'jwt_cache_config'];

function tokenSettings(want, got) {
  const filters = (l) => find(l ?? {}, 'http_filters').flat();
  const isJwt = (f) => f.typed_config?.['@type']?.endsWith('.JwtAuthentication');
  for (const [name, g] of Object.entries(got.resources.listeners ?? {})) {
    const asked = filters(want.resources.listeners?.[name]).filter(isJwt);
    for (const { typed_config } of filters(g).filter(isJwt))
      for (const [provider, settings] of Object.entries(typed_config.providers ?? {}))
        for (const key of HANDED_ON)
          if (!asked.some((f) => f.typed_config.providers?.[provider]?.[key] !== undefined)) delete settings[key];
  }
}

export function compareDump(wantRaw, gotRaw) {
  const want = canonical(wantRaw),
    got = canonical(gotRaw);
  chainMetadata(want, got);
  tokenSettings(want, got);
  const refused = authorization(want, got);
  const kinds = {},
    differences = [];
  const sum = { same: 0, total: 0 };
  for (const kind of KINDS) {
    const w = want.resources[kind] ?? {},
      g = got.resources[kind] ?? {};
    const k = { same: 0, total: 0, resources: {} };
    for (const n of new Set([...Object.keys(w), ...Object.keys(g)])) {
      if (!w[n] && kind === 'endpoints' && !find(g[n], 'lb_endpoints').some((x) => x.length)) continue;
      const a = agree(w[n] ? leaves(w[n]) : [], g[n] ? leaves(g[n]) : []);
      k.same += a.same;
      k.total += a.total;
      k.resources[n] = ratio(a);
      differences.push(...a.missing.map((l) => `- ${kind} ${n} ${l}`), ...a.extra.map((l) => `+ ${kind} ${n} ${l}`));
    }
    kinds[kind] = { score: ratio(k), resources: k.resources };
    sum.same += k.same;
    sum.total += k.total;
  }
  return { ...sum, score: ratio(sum), kinds, differences, failures: [...hardFailures(want, got), ...refused] };
}

/** Compares two plays: { phases: [ { proxy: dump } ] }. */
export function comparePlay(want, got) {
  const sum = { same: 0, total: 0 };
  const failures = [],
    differences = [],
    parts = [];
  want.phases.forEach((phase, i) => {
    for (const [proxy, w] of Object.entries(phase)) {
      const g = got.phases?.[i]?.[proxy] ?? { node: proxy, resources: {}, problems: ['nothing was dumped'] };
      const r = compareDump(w, g);
      const where = `${proxy}${want.phases.length > 1 ? ` (${i ? `after change ${i}` : 'at first'})` : ''}`;
      sum.same += r.same;
      sum.total += r.total;
      parts.push({ proxy, phase: i, score: r.score, kinds: r.kinds });
      failures.push(...r.failures.map((f) => `${where}: ${f}`));
      differences.push(...r.differences.map((f) => `${where}: ${f}`));
    }
  });
  if (got.error) failures.unshift(got.error);
  const score = ratio(sum);
  return { pass: score >= PASS && failures.length === 0, score, failures, differences, parts };
}
