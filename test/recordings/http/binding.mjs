// Which recorded made-up value (a UUID, a hash, an index) stands for which answered one, through one scenario.

/** Remembers pairs of recorded and answered values; the same recorded value must always meet the same answered one. */
export class Binding {
  constructor(scenarioText = '') {
    this.there = new Map();
    this.back = new Map();
    this.indexes = [];
    this.given = scenarioText;
  }
  same(space, e, a) {
    const ke = `${space} ${e}`,
      ka = `${space} ${a}`;
    if (this.there.get(ke) === ka) return true;
    // After a difference the newer pair counts, so that one mistake is not counted again and again.
    const clash = this.there.has(ke) || this.back.has(ka);
    if (this.there.has(ke)) this.back.delete(this.there.get(ke));
    if (this.back.has(ka)) this.there.delete(this.back.get(ka));
    this.there.set(ke, ka);
    this.back.set(ka, ke);
    return !clash;
  }
  index(e, a) {
    e = Number(e);
    a = Number(a);
    if (!Number.isFinite(a)) return false;
    if (e === 0 || a === 0) return e === a;
    const kept = this.indexes.filter(([x, y]) => Math.sign(e - x) === Math.sign(a - y));
    const clash = kept.length < this.indexes.length;
    if (!kept.some(([x]) => x === e)) kept.push([e, a]);
    this.indexes = kept;
    return !clash;
  }
}
