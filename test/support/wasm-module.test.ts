import { expect, test } from 'vitest';
import { headerAddingPlugin } from './wasm-module.js';

type Exports = Readonly<Record<string, (...given: number[]) => number>> & { readonly memory: { buffer: ArrayBuffer } };

/** As much of it as this test needs; the types of the browser's are not loaded here. */
const { instantiate } = (
  globalThis as unknown as {
    WebAssembly: { instantiate(bytes: Buffer, imports: object): Promise<{ instance: { exports: Exports } }> };
  }
).WebAssembly;

const LONG = 'a value of more than sixty-four characters, so that lengths need two bytes';

test('the plugin is a module that adds its header to each request it is shown', async () => {
  const added: string[] = [];
  const { exports } = (
    await instantiate(headerAddingPlugin('x-wasm', LONG), {
      env: {
        proxy_add_header_map_value: (map: number, key: number, keySize: number, value: number, valueSize: number) => {
          const memory = Buffer.from(exports.memory.buffer);
          const text = (at: number, size: number) => memory.toString('utf8', at, at + size);
          added.push(`${map} ${text(key, keySize)}: ${text(value, valueSize)}`);
          return 0;
        },
      },
    })
  ).instance;
  const call = (name: string, ...args: number[]) => exports[name]?.(...args);
  expect([call('proxy_on_vm_start', 1, 0), call('proxy_on_configure', 1, 0), call('malloc', 8)]).toEqual([1, 1, 4096]);
  expect(call('proxy_on_request_headers', 2, 5, 1)).toBe(0);
  expect(added).toEqual([`0 x-wasm: ${LONG}`]);
});
