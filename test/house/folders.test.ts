import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/lib/run.mjs';

const isGenerated = (path: string) => path.includes('generated');

function* walk(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (isGenerated(path)) continue;
    yield path;
    if (statSync(path).isDirectory()) yield* walk(path);
  }
}

const all = [...walk(join(root, 'src'))];
const files = all.filter((path) => path.endsWith('.ts'));
const rooms = all.filter((path) => basename(path) === 'index.ts');
const shown = (paths: string[]) => paths.map((path) => relative(root, path));

describe('the tree under src/', () => {
  it('has something in it', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(rooms.length).toBeGreaterThan(10);
  });

  it('says at the top of every index.ts what the folder is for', () => {
    const silent = rooms.filter((path) => {
      const opening = /^\s*\/\*\*([\s\S]*?)\*\//.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
      return opening.replace(/[\s*]+/g, ' ').trim().length < 60;
    });
    expect(shown(silent)).toEqual([]);
  });

  it('has an index.ts in every folder directly under src/ that holds files', () => {
    const folders = readdirSync(join(root, 'src')).filter((name) => statSync(join(root, 'src', name)).isDirectory());
    const bare = folders.filter((name) => {
      const entries = readdirSync(join(root, 'src', name));
      return entries.some((entry) => entry.endsWith('.ts')) && !entries.includes('index.ts');
    });
    expect(bare).toEqual([]);
  });

  it('names files in kebab-case after what they hold', () => {
    const odd = files.filter((path) => !/^[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(basename(path)));
    expect(shown(odd)).toEqual([]);
    const vague = files.filter((path) => /^(?:utils?|helpers?|misc)\.ts$/.test(basename(path)));
    expect(shown(vague)).toEqual([]);
  });

  it('has no enums and no default exports', () => {
    const found = files.filter((path) =>
      /^\s*(?:export\s+)?(?:const\s+)?enum\s|^export default/m.test(readFileSync(path, 'utf8')),
    );
    expect(shown(found)).toEqual([]);
  });

  it('imports with the ending .js', () => {
    const bad = files.filter((path) => /from '\.{1,2}\/[^']*(?<!\.js|\.json)'/.test(readFileSync(path, 'utf8')));
    expect(shown(bad)).toEqual([]);
  });
});
