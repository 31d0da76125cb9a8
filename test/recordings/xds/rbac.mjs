// Decides whether two RBAC rule sets let the same requests through, by asking both about a
// set of made-up requests that is derived from what the two rule sets mention.

class Unknown extends Error {}
const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);

const regex = (r, value) => new RegExp(`^(?:${r})$`, 's').test(value);
function text(m, value) {
  if (value === undefined) return false;
  const low = m.ignore_case ? (x) => x.toLowerCase() : (x) => x;
  if (m.exact !== undefined) return low(value) === low(m.exact);
  if (m.prefix !== undefined) return low(value).startsWith(low(m.prefix));
  if (m.suffix !== undefined) return low(value).endsWith(low(m.suffix));
  if (m.contains !== undefined) return low(value).includes(low(m.contains));
  if (m.safe_regex) return regex(m.safe_regex.regex, value);
  throw new Unknown('string matcher');
}
function header(m, req) {
  const name = m.name.toLowerCase();
  const value = name === ':path' ? req.path : name === ':method' ? req.method : req.headers[name];
  const not = !!m.invert_match;
  if (m.present_match !== undefined) return ((value !== undefined) === m.present_match) !== not;
  if (value === undefined) return false;
  let r;
  if (m.string_match) r = text(m.string_match, value);
  else if (m.exact_match !== undefined) r = value === m.exact_match;
  else if (m.prefix_match !== undefined) r = value.startsWith(m.prefix_match);
  else if (m.suffix_match !== undefined) r = value.endsWith(m.suffix_match);
  else if (m.contains_match !== undefined) r = value.includes(m.contains_match);
  else if (m.safe_regex_match) r = regex(m.safe_regex_match.regex, value);
  else throw new Unknown('header matcher');
  return r !== not;
}
const metaKey = (m) => [m.filter, ...(m.path ?? []).map((p) => p.key)].join(' / ');
function metadata(m, req) {
  const value = req.metadata[metaKey(m)];
  let r;
  const one = (v) =>
    v?.string_match
      ? (x) => text(v.string_match, x)
      : v?.bool_match !== undefined
        ? (x) => x === String(v.bool_match)
        : undefined;
  if (m.value?.string_match || m.value?.bool_match !== undefined) r = value !== undefined && one(m.value)(value);
  else if (m.value?.list_match?.one_of) r = value !== undefined && one(m.value.list_match.one_of)(value);
  else if (m.value?.or_match)
    r = m.value.or_match.value_matchers.some((v) => metadata({ ...m, value: v, invert: false }, req));
  else if (m.value?.present_match !== undefined) r = (value !== undefined) === m.value.present_match;
  else throw new Unknown('metadata matcher');
  return r !== !!m.invert;
}
function matches(x, req) {
  if (x.and_ids) return x.and_ids.ids.every((i) => matches(i, req));
  if (x.or_ids) return x.or_ids.ids.some((i) => matches(i, req));
  if (x.not_id) return !matches(x.not_id, req);
  if (x.and_rules) return x.and_rules.rules.every((i) => matches(i, req));
  if (x.or_rules) return x.or_rules.rules.some((i) => matches(i, req));
  if (x.not_rule) return !matches(x.not_rule, req);
  if (x.any !== undefined) return x.any;
  if (x.authenticated) return x.authenticated.principal_name ? text(x.authenticated.principal_name, req.caller) : true;
  if (x.header) return header(x.header, req);
  if (x.url_path) return text(x.url_path.path, req.path.split(/[?#]/)[0]);
  if (x.metadata) return metadata(x.metadata, req);
  throw new Unknown(Object.keys(x)[0] ?? 'empty');
}
export function allowed(rules, req) {
  if (!rules) return true;
  const hit = Object.values(rules.policies ?? {}).some(
    (p) => (p.permissions ?? []).some((x) => matches(x, req)) && (p.principals ?? []).some((x) => matches(x, req)),
  );
  return (rules.action ?? 'ALLOW') === 'ALLOW' ? hit : rules.action === 'DENY' ? !hit : true;
}

/** Whether a name, or the URL of a type, is that of an RBAC filter. */
export const isRbacType = (s) => s.endsWith('.rbac.v3.RBAC') || /^envoy\.filters\.(http|network)\.rbac\b/.test(s);

/**
 * Whether an RBAC filter refuses everybody, in one of the plain forms: rules that allow nobody, rules that deny any
 * caller anything, or an empty matcher (which comes before rules). No rules at all, or only rules to log, refuse nobody.
 */
export function deniesAll(config) {
  if (!config?.['@type']?.endsWith('.rbac.v3.RBAC')) return false;
  if (config.matcher !== undefined) return isObject(config.matcher) && !Object.keys(config.matcher).length;
  if (!config.rules) return false;
  const { action = 'ALLOW', policies = {} } = config.rules;
  const any = (list) => (list ?? []).some((x) => x.any === true);
  if (action === 'ALLOW') return !Object.keys(policies).length;
  return (
    action === 'DENY' &&
    Object.values(policies).some((p) => any(p.permissions) && any(p.principals) && !p.condition && !p.checked_condition)
  );
}

/** One string that a simple regular expression matches, as far as this reader can tell. */
function sample(r) {
  const s = r
    .replace(/^\^|\$$/g, '')
    .replace(/\(\?:/g, '(')
    .replace(/\[\^\/\]\+/g, 'x')
    .replace(/\[([^\]\\])[^\]]*\]/g, '$1')
    .replace(/\.\*/g, 'x')
    .replace(/\.\+/g, 'x')
    .replace(/\(([^()|]*)(\|[^()]*)*\)/g, '$1')
    .replace(/\\(.)/g, '$1')
    .replace(/[+*?]/g, '');
  return s.split('|')[0];
}

function mentioned(rules) {
  const out = { callers: new Set(), paths: new Set(), methods: new Set(), headers: new Map(), meta: new Map() };
  const strings = (m) =>
    [
      m.exact,
      m.prefix,
      m.suffix,
      m.contains,
      m.exact_match,
      m.prefix_match,
      m.suffix_match,
      m.contains_match,
      ...[m.safe_regex?.regex, m.safe_regex_match?.regex].filter(Boolean).flatMap((r) => [
        sample(r),
        ...r
          .replace(/^\^|\$$/g, '')
          .split('|')
          .map(sample),
      ]),
    ].filter((x) => x !== undefined);
  const visit = (v) => {
    if (Array.isArray(v)) return v.forEach(visit);
    if (!isObject(v)) return;
    if (v.principal_name) strings(v.principal_name).forEach((s) => out.callers.add(s));
    if (v.path && isObject(v.path)) strings(v.path).forEach((s) => out.paths.add(s));
    if (v.header?.name) {
      const n = v.header.name.toLowerCase(),
        all = strings(v.header.string_match ?? v.header);
      if (n === ':path') all.forEach((s) => out.paths.add(s));
      else if (n === ':method') all.forEach((s) => out.methods.add(s));
      else {
        const h = out.headers.get(n) ?? new Set(['present']);
        all.forEach((s) => {
          h.add(s);
          h.add(s.toUpperCase());
          h.add(s.toLowerCase());
          h.add(`a${s}`);
          h.add(`${s}a`);
        });
        out.headers.set(n, h);
      }
    }
    if (v.metadata?.path) {
      const k = metaKey(v.metadata),
        h = out.meta.get(k) ?? new Set(['other']);
      const inner = v.metadata.value ?? {};
      for (const m of [
        inner.string_match,
        inner.list_match?.one_of?.string_match,
        ...(inner.or_match?.value_matchers ?? []).flatMap((x) => [x.string_match, x.list_match?.one_of?.string_match]),
      ])
        if (m) strings(m).forEach((s) => h.add(s));
      out.meta.set(k, h);
    }
    Object.values(v).forEach(visit);
  };
  visit(rules);
  return out;
}

const crossed = (map) => {
  // nothing, each alone, all together, all but one, all with one varied
  const all = [...map].map(([k, vs]) => [k, [...vs]]);
  const out = [{}];
  for (const [k, vs] of all) for (const v of vs) out.push({ [k]: v });
  const widest = Math.max(0, ...all.map(([, vs]) => vs.length));
  for (let i = 0; i < widest; i++) out.push(Object.fromEntries(all.map(([k, vs]) => [k, vs[i % vs.length]])));
  if (all.length > 1) {
    const base = Object.fromEntries(all.map(([k, vs]) => [k, vs[1] ?? vs[0]]));
    for (const [k, vs] of all) {
      const less = { ...base };
      delete less[k];
      out.push(less);
      for (const v of vs) out.push({ ...base, [k]: v });
    }
  }
  return [...new Map(out.map((x) => [JSON.stringify(x), x])).values()];
};

export function probes(...sets) {
  const callers = new Set(['spiffe://other.consul/ns/default/dc/dc1/svc/nobody']),
    paths = new Set(['/', '/zzz']),
    methods = new Set(['GET', 'POST', 'TRACE']);
  const headers = new Map(),
    meta = new Map();
  for (const rules of sets) {
    const m = mentioned(rules);
    for (const c of m.callers) {
      const named = c.replace('/svc/x', '/svc/whoever').replace('/dc/x/', '/dc/dc1/');
      for (const s of [
        named,
        named + 'x',
        named + '/x',
        'x' + named,
        named.replace('/dc/dc1/', '/dc/dc2/'),
        named.replace('/ns/default/', '/ns/other/'),
        named.replace('/ns/', '/ap/other/ns/'),
        named.replace(/^spiffe:\/\/[^/]+/, 'spiffe://evil.consul'),
        named.replace(/\/svc\/.*/, '/svc/whoever'),
        named.replace(/\/svc\/.*/, '/svc/'),
      ])
        callers.add(s);
    }
    for (const p of m.paths)
      for (const s of [p, p + 'x', p + '/x', p.toUpperCase(), p.slice(0, -1) || '/', '/x' + p])
        paths.add(s.startsWith('/') ? s : '/' + s);
    for (const x of m.methods) methods.add(x);
    for (const [k, v] of m.headers) headers.set(k, new Set([...(headers.get(k) ?? []), ...v]));
    for (const [k, v] of m.meta) meta.set(k, new Set([...(meta.get(k) ?? []), ...v]));
  }
  return { callers, paths, methods, headers: crossed(headers), meta: crossed(meta) };
}

/** undefined if the two agree on every made-up request, else the first they do not agree on. */
export function disagreement(want, got) {
  const p = probes(want, got);
  const differ = (req) => {
    const a = allowed(want, req),
      b = allowed(got, req);
    return a !== b ? `${a ? 'should pass' : 'should be refused'}: ${JSON.stringify(req)}` : undefined;
  };
  try {
    // every caller with plain requests, then some callers with everything there is
    for (const caller of p.callers)
      for (const path of p.paths)
        for (const method of p.methods)
          for (const metadata of p.meta) {
            const d = differ({ caller, path, method, headers: {}, metadata });
            if (d) return d;
          }
    const all = p.paths.size * p.methods.size * p.headers.length * p.meta.length;
    const some = [...p.callers].filter((c) => /\/svc\/[^/]+$/.test(c)).slice(0, 14);
    const stride = Math.max(1, Math.floor((all * some.length) / 500000)) | 1;
    let n = 0;
    for (const path of p.paths)
      for (const method of p.methods)
        for (const headers of p.headers)
          for (const metadata of p.meta)
            for (const caller of some) {
              if (n++ % stride) continue;
              const d = differ({ caller, path, method, headers, metadata });
              if (d) return d;
            }
  } catch (e) {
    if (e instanceof Unknown || e instanceof SyntaxError) return `rules differ and use ${e.message}`;
    throw e;
  }
  return undefined;
}
