// Compares one answer with the recorded one: status, headers, body; for commands exit code and output.
import { UNORDERED, SOFT_HEADERS, compareErrorText } from './rules.mjs';
import { TreeComparison, leaves } from './tree.mjs';

const kindOf = (v) => (v === null ? 'null' : Array.isArray(v) ? 'list' : typeof v);
const listed = (text) => text.split(/,\s*/).sort().join(',');
/** Headers whose presence says something: an answer that has one where none was recorded has an extra. */
const TELLING = ['x-consul-results-filtered-by-acls', 'x-consul-index', 'x-cache'];

class StepComparison extends TreeComparison {
  constructor(step, expected, actual, binding, options) {
    super(binding, expected, actual, [...(expected.unstable ?? []), ...(step.ignore ?? [])]);
    this.step = step;
    this.expected = expected;
    this.actual = actual;
    this.options = options;
    this.only = step.compare ?? 'full';
    this.unordered = UNORDERED.test(step.http ?? '') || step.unordered === true;
  }

  result(fatal = false) {
    if (this.options.softIndexes) {
      for (const issue of this.issues.filter((one) => one.kind === 'index')) {
        this.hard--;
        this.soft++;
        issue.kind = 'soft';
      }
    }
    // An extra field alone does not fail a step unless there are many of them.
    const many = this.extra > Math.max(3, 0.25 * this.total);
    const lost = this.hard + this.soft * 0.5 + this.extra * 0.1;
    const score = fatal ? 0 : Math.max(0, 1 - lost / Math.max(1, this.total));
    return { pass: !fatal && this.hard === 0 && !many, score, leaves: this.total, issues: this.issues };
  }

  /** A difference after which nothing else is worth comparing. */
  fatal(path, want, got) {
    this.total++;
    this.bad(path, 'wrong', 1, want, got);
    return this.result(true);
  }

  compare() {
    const { expected: e, actual: a } = this;
    if (e.error || a.error) {
      if (e.error && a.error) return this.result();
      return this.fatal('error', e.error ?? 'an answer', a.error ?? 'an answer');
    }
    if (e.kind === 'http') return this.http(e, a);
    if (e.kind === 'cli') return this.cli(e, a);
    if (e.kind === 'dns') this.value('$', '', e.json, a.json);
    return this.result();
  }

  http(e, a) {
    // Where 500 was recorded a 4xx is better: the fault is the caller's. The text must still agree.
    const blamesCaller = e.status === 500 && a.status >= 400 && a.status < 500;
    if (e.status !== a.status && !blamesCaller) {
      return this.fatal('status', `${e.status} ${e.text ?? ''}`, `${a.status} ${a.text ?? ''}`);
    }
    this.total++;
    this.sameFlag('woke');
    this.sameFlag('took');
    if (this.only === 'status') return this.result();
    this.headers(e.headers ?? {}, a.headers);
    if (this.only === 'headers') return this.result();
    if (e.binary) {
      this.total++;
      if (!a.binary) this.bad('body', 'wrong', 1, 'binary data', a.text ?? a.json);
    } else if (e.json !== undefined) this.json(e, a);
    else if (e.status >= 400) this.errorText('body', e.text ?? '', a.text ?? '');
    else this.lines('body', e.text ?? '', a.text ?? '');
    return this.result();
  }

  cli(e, a) {
    if (e.exit !== a.exit) return this.fatal('exit', `${e.exit} ${e.stderr}`, `${a.exit} ${a.stderr}`);
    this.total++;
    if (this.only === 'status') return this.result();
    if (e.json !== undefined) this.json(e, a);
    else if (e.exit !== 0 && e.text && this.only !== 'shape') this.errorText('stdout', e.text, a.text ?? '');
    // A text of no fixed form has nothing to compare.
    else if (this.only !== 'shape') this.lines('stdout', e.text ?? '', a.text ?? JSON.stringify(a.json));
    if (e.exit !== 0 || this.step.stderr) this.errorText('stderr', e.stderr ?? '', a.stderr ?? '');
    return this.result();
  }

  sameFlag(name) {
    const want = this.expected[name];
    if (want === undefined || want === this.actual[name]) return;
    this.total++;
    this.bad(name, 'wrong', 1, want, this.actual[name]);
  }

  headers(want, got) {
    for (const [name, value] of Object.entries(want)) this.header(name, value, got[name]);
    for (const name of TELLING) {
      if (got[name] === undefined || name in want || this.skipped(`header.${name}`)) continue;
      this.bad(`header.${name}`, 'extra', 1, undefined, got[name]);
    }
  }

  header(name, want, got) {
    const path = `header.${name}`;
    if (this.skipped(path)) return;
    const soft = SOFT_HEADERS.has(name) && !this.options.strictHeaders;
    if (got === undefined) {
      this.total++;
      this.bad(path, soft ? 'soft' : 'missing', 1, want, got);
    } else if (name === 'content-type') {
      this.total++;
      if (want.split(';')[0] !== got.split(';')[0] && this.actual.status < 400) this.bad(path, 'wrong', 1, want, got);
      else if (want !== got) this.bad(path, 'soft', 0.5, want, got);
    } else if (name === 'allow') {
      this.total++;
      if (listed(want) !== listed(got)) this.bad(path, 'wrong', 1, want, got);
    } else if (name === 'x-consul-index' && /\/v1\/event\/list/.test(this.step.http ?? '')) {
      this.total++;
      if (!/^\d+$/.test(got) || !this.b.same('event index', want, got)) this.bad(path, 'wrong', 1, want, got);
    } else {
      const before = this.issues.length;
      this.value(path, name, want, got);
      if (soft && this.issues.length > before) {
        this.hard--;
        this.soft++;
        this.issues.at(-1).kind = 'soft';
      }
    }
  }

  json(e, a) {
    if (a.json === undefined) {
      const lost = leaves(e.json);
      this.total += lost;
      this.bad('$', 'wrong', lost, e.json, a.text);
    } else if (this.only === 'shape') this.shape('$', e.json, a.json);
    else this.value('$', '', e.json, a.json);
  }

  errorText(path, want, got) {
    this.total++;
    if (this.skipped(path)) return;
    if (want.trim() === '') {
      if (got.trim() !== '') this.bad(path, 'extra', 1, want, got);
      return;
    }
    const verdict = compareErrorText(want, got);
    if (verdict === 'different') this.bad(path, 'wrong', 1, want, got);
    else if (verdict === 'close') this.bad(path, 'soft', 1, want, got);
  }

  /** The same kinds of values in the same places, whatever they are. */
  shape(path, want, got) {
    this.total++;
    if (this.skipped(path)) return;
    if (kindOf(want) !== kindOf(got)) this.bad(path, 'wrong', 1, want, got);
    else if (kindOf(want) === 'object')
      for (const key of Object.keys(want)) this.shapeOf(`${path}.${key}`, want[key], got, key);
    else if (kindOf(want) === 'list' && want.length) this.shapeOf(`${path}[0]`, want[0], got, 0);
  }

  shapeOf(path, want, got, key) {
    if (key in got) return this.shape(path, want, got[key]);
    if (this.skipped(path)) return;
    this.total++;
    this.bad(path, 'missing', 1, want, undefined);
  }
}

/**
 * Compares the answer to one step with the recorded one: { pass, score, leaves, issues }. A step passes when nothing is
 * missing or wrong and there are few extra fields; `score` (0 to 1) is finer.
 */
export function compareStep(step, expected, actual, binding, { softIndexes = false, strictHeaders = false } = {}) {
  if (expected.skip) return { pass: true, score: 1, leaves: 0, issues: [] };
  return new StepComparison(step, expected, actual, binding, { softIndexes, strictHeaders }).compare();
}
