import { expect, test } from 'vitest';
import { takeCpuProfile, takeHeapProfile } from '../../../src/edges/http/profiler.js';

test.each([
  ['processor', takeCpuProfile],
  ['memory', takeHeapProfile],
])(
  'a profile of the %s ends with who asked for it, also where they had gone before, and lets the next one be taken',
  async (_what, take) => {
    const gone = new AbortController();
    gone.abort();
    for (let turn = 0; turn < 2; turn += 1) expect(JSON.parse(await take(60_000, gone.signal))).toBeTypeOf('object');
  },
);
