import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptOutput, OutputTail } from '../../../src/agent/checks/check-output.js';

describe('the output of a check', () => {
  it('is printable text with its line breaks', () => {
    expect(keptOutput('\u001b[31mred\u001b[0m\r\nnext\tcell\u0000\u0007', 100)).toBe('red\nnext\tcell');
  });

  it('never has more bytes than it may, nor half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (output, limit) => {
        const kept = keptOutput(output, limit);
        expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(limit);
        expect(keptOutput(output, 10_000).startsWith(kept)).toBe(true);
      }),
    );
  });

  it('of a command is the end, in whatever pieces it came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), fc.integer({ min: 1, max: 200 }), (chunks, limit) => {
        const tail = new OutputTail(limit);
        for (const chunk of chunks) tail.push(Buffer.from(chunk));
        const all = Buffer.concat(chunks);
        const text = tail.text();
        if (all.length <= limit) expect(text).toBe(all.toString('utf8'));
        else expect(text.startsWith(`Captured ${limit} of ${all.length} bytes\n...\n`)).toBe(true);
      }),
    );
  });
});
