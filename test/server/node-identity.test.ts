import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hostNodeId, nodeIdentity } from '../../src/server/node-identity.js';

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'identity-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
};

test('the id of a host is the same every time, and does not show what it is made of', () => {
  const file = join(folder(), 'machine-id');
  writeFileSync(file, '0123456789abcdef0123456789abcdef\n');
  const id = hostNodeId(['/nowhere/at/all', file]);
  expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(hostNodeId([file])).toBe(id);
  expect(id?.replaceAll('-', '')).not.toContain('01234567');
  expect(hostNodeId(['/nowhere/at/all'])).toBeUndefined();
});

test('an id that is configured or kept wins over that of the host', () => {
  const data = folder();
  const ofHost = () => '11111111-2222-3333-4444-555555555555';
  const kept = nodeIdentity('', data);
  expect(nodeIdentity('', data, ofHost)).toBe(kept);
  expect(nodeIdentity('', folder(), ofHost)).toBe(ofHost());
  expect(nodeIdentity('given', data, ofHost)).toBe('given');
});
