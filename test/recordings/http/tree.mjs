// Compares two JSON trees leaf by leaf, by the rules of rules.mjs, and keeps count of what is missing, wrong or extra.
import {
  UNORDERED_KEYS,
  INDEX_KEYS,
  OPAQUE_KEYS,
  LOOSE_KEYS,
  splitText,
  certificates,
  privateKeyKind,
  identity,
} from './rules.mjs';

export const leaves = (v) => {
  if (v === null || typeof v !== 'object') return 1;
  const n = (Array.isArray(v) ? v : Object.values(v)).reduce((s, x) => s + leaves(x), 0);
  return Math.max(1, n);
};
const general = (p) => (p[0] === '$' ? p.replace(/\[\d+\]/g, '[]') : p).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<uuid>');
const short = (v) => {
  const s = typeof v === 'string' ? v : JSON.stringify(v);
  return s === undefined ? 'nothing' : s.length > 220 ? s.slice(0, 220) + '…' : s;
};

/** One comparison: totals and issues grow as `value`, `lines` and `text` are called. */
export class TreeComparison {
  constructor(binding, expected, actual, unstable) {
    this.b = binding;
    this.eAt = expected.at;
    this.aAt = actual.at;
    this.unstable = new Set(unstable ?? []);
    this.total = 0;
    this.hard = 0;
    this.extra = 0;
    this.soft = 0;
    this.issues = [];
  }
  skipped(path) {
    if (!this.unstable.size) return false;
    const g = general(path);
    if (this.unstable.has(g)) return true;
    for (const u of this.unstable) if (g.startsWith(u) && /^[.[#]/.test(g.slice(u.length))) return true;
    return false;
  }
  bad(path, kind, weight, want, got) {
    if (kind === 'extra') this.extra += weight;
    else if (kind === 'soft') this.soft += weight;
    else this.hard += weight;
    this.issues.push({ path, general: general(path), kind, want: short(want), got: short(got) });
  }

  value(path, key, e, a) {
    if (this.skipped(path)) return;
    if (e !== null && typeof e === 'object' && !Array.isArray(e)) {
      if (a === null || typeof a !== 'object' || Array.isArray(a)) {
        const n = leaves(e);
        this.total += n;
        this.bad(path, 'wrong', n, e, a);
        return;
      }
      return this.object(path, e, a);
    }
    if (Array.isArray(e)) {
      if (!Array.isArray(a)) {
        const n = leaves(e);
        this.total += n;
        this.bad(path, 'wrong', n, e, a);
        return;
      }
      return this.list(path, key, e, a);
    }
    this.total++;
    const asIndex = (v) => (typeof v === 'string' && v.startsWith('@int:') ? v.slice(5) : v);
    if (INDEX_KEYS.has(key) && /^(@int:)?\d+$/.test(String(e))) {
      if (typeof a !== typeof e || !this.b.index(asIndex(e), asIndex(a))) this.bad(path, 'index', 1, e, a);
      return;
    }
    if (OPAQUE_KEYS.has(key)) {
      const blank = (v) => v === '' || v === 0 || v === null;
      if (a === undefined || a === null || blank(e) !== blank(a) || (!blank(e) && !this.b.same(key, e, a)))
        this.bad(path, 'wrong', 1, e, a);
      return;
    }
    if (LOOSE_KEYS.has(key) && e !== '' && e !== 0) {
      if (a === undefined || a === null || typeof a !== typeof e) this.bad(path, 'wrong', 1, e, a);
      return;
    }
    if (typeof e === 'string' && typeof a === 'string') {
      if (!this.text(e, a, key)) this.bad(path, 'wrong', 1, e, a);
      return;
    }
    if (e !== a) this.bad(path, 'wrong', 1, e, a);
  }

  text(e, a, key) {
    if (e === a && !/[0-9a-f]{8}-[0-9a-f]{4}-/i.test(e)) return true;
    if (e.includes('-----BEGIN CERTIFICATE')) {
      const ce = certificates(e),
        ca = certificates(a);
      if (ce.length !== ca.length) return false;
      return ce.every((c, i) => Object.keys(c).every((k) => this.flat(String(c[k]), String(ca[i][k]))));
    }
    if (e.includes('PRIVATE KEY-----')) return privateKeyKind(e) === privateKeyKind(a) || privateKeyKind(a) !== null;
    if (key === 'PeeringToken') {
      try {
        const je = JSON.parse(Buffer.from(e, 'base64').toString()),
          ja = JSON.parse(Buffer.from(a, 'base64').toString());
        const sub = new TreeComparison(this.b, { at: this.eAt }, { at: this.aAt }, []);
        sub.value('$', '', je, ja);
        return sub.hard === 0;
      } catch {
        return false;
      }
    }
    return this.flat(e, a);
  }

  flat(e, a) {
    const se = splitText(e),
      sa = splitText(a);
    if (se.skeleton !== sa.skeleton) return false;
    return se.parts.every(([kind, v], i) => {
      const w = sa.parts[i][1];
      if (kind === 'version') return true;
      if (kind === 'indexno') return this.b.index(v, w);
      if (kind === 'time') {
        const zero = (x) => x.startsWith('0001-01-01');
        if (zero(v) || zero(w)) return zero(v) === zero(w);
        const de = Date.parse(v.replace(/ \+0000 UTC.*/, 'Z').replace(' ', 'T')) - this.eAt,
          da = Date.parse(w.replace(/ \+0000 UTC.*/, 'Z').replace(' ', 'T')) - this.aAt;
        if (Number.isNaN(de) || Number.isNaN(da)) return Number.isNaN(de) === Number.isNaN(da);
        return Math.abs(de - da) <= Math.max(90_000, Math.abs(de) * 0.05);
      }
      if (kind === 'uuid' && this.b.given.includes(v.toLowerCase())) return v.toLowerCase() === w.toLowerCase();
      return this.b.same(kind, v.toLowerCase(), w.toLowerCase());
    });
  }

  object(path, e, a) {
    const left = new Set(Object.keys(a));
    const match = (k) => {
      if (left.has(k)) return k;
      const { skeleton, parts } = splitText(k);
      if (!parts.length) return undefined;
      const bound = parts.map(([kind, v]) => this.b.there.get(`${kind} ${v.toLowerCase()}`)?.slice(kind.length + 1));
      return [...left].find((x) => {
        const s = splitText(x);
        return (
          s.skeleton === skeleton && s.parts.every(([, v], i) => bound[i] === undefined || bound[i] === v.toLowerCase())
        );
      });
    };
    if (!Object.keys(e).length) this.total++;
    for (const [k, v] of Object.entries(e)) {
      const p = `${path}.${k}`;
      const m = match(k);
      if (m === undefined) {
        if (!this.skipped(p)) {
          const n = leaves(v);
          this.total += n;
          this.bad(p, 'missing', n, v, undefined);
        }
        continue;
      }
      left.delete(m);
      this.value(p, k, v, a[m]);
    }
    for (const k of left) if (!this.skipped(`${path}.${k}`)) this.bad(`${path}.${k}`, 'extra', 1, undefined, a[k]);
  }

  list(path, key, e, a) {
    if (!e.length) this.total++;
    const free = a.map((_, i) => i);
    const pairs = [];
    const ida = a.map(identity);
    const ide = e.map(identity);
    const open = [];
    ide.forEach((id, i) => {
      let at = id === null ? -1 : free.find((j) => j === i && ida[j] === id);
      if (at === undefined) at = free.find((j) => ida[j] === id && !(ide[j] === ida[j] && j !== i && j > i));
      if (at === undefined) at = free.find((j) => ida[j] === id);
      if (at === undefined || at === -1) {
        open.push(i);
        return;
      }
      free.splice(free.indexOf(at), 1);
      pairs.push([i, at]);
    });
    for (const i of open) {
      const at = free.length ? (free.includes(i) ? i : free[0]) : undefined;
      if (at === undefined) {
        const p = `${path}[${i}]`;
        if (!this.skipped(p)) {
          const n = leaves(e[i]);
          this.total += n;
          this.bad(p, 'missing', n, e[i], undefined);
        }
        continue;
      }
      free.splice(free.indexOf(at), 1);
      pairs.push([i, at]);
    }
    pairs.sort((x, y) => x[0] - y[0]);
    if (
      !this.unordered &&
      !UNORDERED_KEYS.has(key) &&
      pairs.some(([, j], n) => n && j < pairs[n - 1][1]) &&
      !this.skipped(`${path}#order`)
    ) {
      this.total++;
      this.bad(`${path}#order`, 'order', 1, ide, ida);
    }
    for (const [i, j] of pairs) this.value(`${path}[${i}]`, key, e[i], a[j]);
    for (const j of free) {
      const p = `${path}[${j}]`;
      if (!this.skipped(p)) this.bad(p, 'extra', 1, undefined, a[j]);
    }
  }

  lines(path, e, a) {
    const norm = (s) =>
      s
        .split('\n')
        .map((l) => l.replace(/\s+/g, ' ').trim())
        .filter(Boolean);
    if (this.skipped(path)) return;
    const le = norm(e),
      la = norm(a);
    if (!le.length) this.total++;
    le.forEach((l, i) => {
      this.total++;
      if (this.skipped(`${path}[${i}]`)) return;
      if (la[i] === undefined) this.bad(`${path}[${i}]`, 'missing', 1, l, undefined);
      else if (!this.text(l, la[i], '')) this.bad(`${path}[${i}]`, 'wrong', 1, l, la[i]);
    });
    for (let i = le.length; i < la.length; i++)
      if (!this.skipped(`${path}[${i}]`)) this.bad(`${path}[${i}]`, 'extra', 1, undefined, la[i]);
  }
}
