import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Backend } from '../../../src/state/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { temporaryFolder } from '../support/engines.js';

async function opened(path: string): Promise<Backend> {
  const backend = createEmbeddedBackend({ path });
  await backend.open();
  onTestFinished(() => backend.close());
  return backend;
}

const firstLog = (path: string): string => join(path, 'log-0000000000000002');

async function filled(): Promise<string> {
  const path = join(temporaryFolder(), 'data');
  const backend = await opened(path);
  await backend.commit({ conditions: [], operations: [{ type: 'put', table: 'kv', key: 'a', value: '{"v":1}' }] });
  await backend.close();
  return path;
}

describe('the data directory', () => {
  it('is made with all folders above it', async () => {
    const backend = await opened(join(temporaryFolder(), 'not', 'there', 'yet'));
    expect((await backend.list()).records).toEqual([]);
  });

  it('may be empty, or left behind by a start that was killed', async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'store.json.new'), '{"pro');
    expect((await (await opened(path)).list()).records).toEqual([]);
  });

  it('may lack its files when nothing was ever committed', async () => {
    const path = join(temporaryFolder(), 'data');
    await (await opened(path)).close();
    rmSync(firstLog(path));
    expect((await (await opened(path)).list()).records).toEqual([]);
  });

  it('is refused when it belongs to something else', async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'notes.txt'), 'mine');
    await expect(opened(path)).rejects.toThrow(`${path} holds other files`);
    expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine');
    writeFileSync(join(path, 'store.json'), '{"product":"another"}');
    await expect(opened(path)).rejects.toMatchObject({ code: 'corruptState' });
  });

  it('is refused when a newer version wrote it', async () => {
    const path = await filled();
    writeFileSync(join(path, 'store.json'), '{"product":"meshwright-state","format":3}');
    await expect(opened(path)).rejects.toThrow('was written by a newer version (format 3, this one knows 2)');
  });

  it('is refused, with the file named, when its marker is damaged', async () => {
    const path = await filled();
    writeFileSync(join(path, 'store.json'), '\u0000\u0000');
    await expect(opened(path)).rejects.toThrow(`${join(path, 'store.json')} is damaged`);
  });

  it('is refused when it is a file', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, '');
    await expect(opened(path)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(path) });
  });

  it('is refused while another process has it, and free again when that one is closed', async () => {
    const path = await filled();
    const first = await opened(path);
    await expect(opened(path)).rejects.toThrow(`Another process uses the data directory ${path}`);
    await first.close();
    expect((await (await opened(path)).list()).records).toHaveLength(1);
  });

  it('is refused, with the file named, when a log is gone or replaced by an empty one', async () => {
    const path = await filled();
    rmSync(firstLog(path));
    await expect(opened(path)).rejects.toThrow(`${firstLog(path)} is damaged`);
    writeFileSync(firstLog(path), '');
    await expect(opened(path)).rejects.toMatchObject({
      code: 'corruptState',
      message: expect.stringContaining(firstLog(path)),
    });
  });
});
