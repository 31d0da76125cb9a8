import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { run } from '../support/run.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-snapshot-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a snapshot file that cannot be read', () => {
  test.each(['inspect', 'decode', 'restore'])('is no damaged one: snapshot %s says why', async (verb) => {
    expect(await run(['snapshot', verb, 'none.snap'], { cwd: folder })).toEqual({
      code: 1,
      out: '',
      err: 'Error opening snapshot file: open none.snap: no such file or directory\n',
    });
    expect(await run(['snapshot', verb, '.'], { cwd: folder })).toMatchObject({
      code: 1,
      err: 'Error opening snapshot file: read .: is a directory\n',
    });
  });
});

describe('snapshot save', () => {
  test('says that the agent broke off, and leaves no file behind', async () => {
    const server = createServer((_request, response) => {
      response.write('the beginning', () => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, err } = await run(['snapshot', 'save', 'a.snap'], {
      cwd: folder,
      env: { CONSUL_HTTP_ADDR: address },
    });
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^Error saving snapshot: cannot reach the agent at .*it closed the connection/),
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
