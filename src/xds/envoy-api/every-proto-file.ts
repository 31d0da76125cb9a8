import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every file of version 3 of the Envoy API under the first of some folders, as their compiler names them; without those that
 * import what is in none of the folders (a few wrap messages of other projects that are not shipped).
 */
export function everyProtoFile(folders: readonly string[]): readonly string[] {
  const [api = ''] = folders;
  const isThere = new Map<string, boolean>();
  const canLoad = (file: string): boolean => {
    if (file.startsWith('google/protobuf/')) return true;
    const known = isThere.get(file);
    if (known !== undefined) return known;
    isThere.set(file, true);
    const path = folders.map((folder) => join(folder, file)).find(existsSync);
    const loads = path !== undefined && importsOf(path).every(canLoad);
    isThere.set(file, loads);
    return loads;
  };
  return readdirSync(api, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /^envoy\/.*\/v3\/[^/]+\.proto$/.test(file))
    .sort()
    .filter(canLoad);
}

function importsOf(path: string): readonly string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^import\s+(?:public\s+|weak\s+)?"([^"]+)"/gm)].map(
    ([, file = '']) => file,
  );
}
