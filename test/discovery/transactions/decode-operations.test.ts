import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { decodeOperations, isRead } from '../../../src/discovery/transactions/index.js';

const verb = fc.constantFrom('set', 'get', 'cas', 'lock', 'nope', '');
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ maxLength: 20 });
const anyCase = (name: string) => fc.constantFrom(name, name.toLowerCase(), name.toUpperCase());

describe('operations of a body', () => {
  test('are decoded whatever the case of their fields, numbers exactly', () => {
    fc.assert(
      fc.property(
        verb,
        fc.string(),
        bytes,
        uint64,
        uint64,
        anyCase('KV'),
        anyCase('Flags'),
        (givenVerb, key, value, flags, index, family, flagsName) => {
          const body = [
            {
              [family]: {
                Verb: givenVerb,
                Key: key,
                Value: Buffer.from(value).toString('base64'),
                [flagsName]: flags,
                Index: String(index),
              },
            },
          ];
          const [operation] = decodeOperations(body, 'dc1');
          expect(operation).toMatchObject({ family: 'kv', verb: givenVerb, flags: String(flags), index });
          expect(operation?.family === 'kv' && Buffer.from(operation.value).equals(Buffer.from(value))).toBe(true);
        },
      ),
    );
  });

  test('are refused in one sentence, never with another error, whatever the body holds', () => {
    const part = fc.oneof(fc.jsonValue(), fc.bigInt());
    const nearly = fc.array(
      fc.dictionary(
        fc.constantFrom('KV', 'Node', 'Service', 'Check', 'Session', 'x'),
        fc.dictionary(
          fc.constantFrom('Verb', 'Key', 'Value', 'Flags', 'Index', 'Node', 'Service', 'Check', '__proto__'),
          part,
        ),
        { maxKeys: 2 },
      ),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.oneof(part, nearly), (body) => {
        try {
          for (const operation of decodeOperations(body, 'dc1')) expect(typeof isRead(operation)).toBe('boolean');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
          expect((thrown as AppError).code).toBe('invalidArgument');
        }
      }),
      { numRuns: 500 },
    );
  });
});
