// Bundles sources of src/ with esbuild; packages stay where they are.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

const ADDRESS = 'import.meta.url';

/**
 * Writes entries (name in `folder` -> path below src/, both without extension) and what they share into `folder`. Rejects when that cannot
 * be done, after messages on stderr.
 */
export async function bundle(root, entries, folder) {
  const src = join(root, 'src');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(src, `${path}.ts`)])),
    outdir: folder,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    chunkNames: '[name]-[hash]',
    sourcemap: true,
    metafile: true,
    plugins: [ownAddresses(src, (path) => relative(folder, join(root, 'dist', path)))],
  });
  for (const [output, { inputs }] of Object.entries(metafile.outputs)) {
    if (dirname(join(root, output)) === folder) continue;
    const lost = Object.keys(inputs).find((input) => asksForAddress(join(root, input)));
    if (lost !== undefined) throw new Error(`${lost} would get a wrong address in ${output}`);
  }
}

const asksForAddress = (path) => path.endsWith('.ts') && readFileSync(path, 'utf8').includes(ADDRESS);

/** A module that asks for its own address is told where it would be if each had a file in dist/: what it looks for is found from there. */
const ownAddresses = (src, addressOf) => ({
  name: 'own-addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes(ADDRESS)) return undefined;
      const address = `new URL(${JSON.stringify(`./${addressOf(relative(src, path).replace(/ts$/, 'js'))}`)}, ${ADDRESS}).href`;
      return { contents: text.replaceAll(ADDRESS, address), loader: 'ts' };
    });
  },
});
