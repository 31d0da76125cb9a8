#!/usr/bin/env node
// Generates the types of the Envoy API from the protos that @grpc/grpc-js-xds ships, into a folder git does not know.
// A stamp keeps the second run free; the list of files is that of proto/envoy-api.json.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const target = join(root, 'src', 'xds', 'envoy-api', 'generated');
const listFile = join(root, 'proto', 'envoy-api.json');

/** Folders of ours with what those protos import and their package does not have. */
const overlayFolders = (list) => list.overlays.map((folder) => join(dirname(listFile), folder));

const overlayTexts = (list) =>
  overlayFolders(list).flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.proto'))
      .sort()
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  );

/**
 * What is undefined is left out of the bytes: so fields of messages that are written may be. What is read has them or has not.
 */
function allowUndefined(file) {
  const text = readFileSync(file, 'utf8');
  const allowed = text.replace(/^export interface (\w+) \{$[^]*?^\}$/gm, (whole, name) =>
    name.endsWith('__Output') ? whole : whole.replace(/^( {2}'\w+'\?: .*);$/gm, '$1 | undefined;'),
  );
  writeFileSync(file, allowed);
}

/** Generates the types unless they are there already; returns whether it had to. */
export function generateEnvoyTypes() {
  const list = JSON.parse(readFileSync(listFile, 'utf8'));
  const loader = dirname(require.resolve('@grpc/proto-loader/package.json'));
  const protos = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
  const versions = [loader, join(protos, '..')].map(
    (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version,
  );
  const stamp = createHash('sha256')
    .update(JSON.stringify([list, versions, overlayTexts(list), 3]))
    .digest('hex');
  const stampFile = join(target, '.stamp');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return false;
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const flags = [
    '--keepCase',
    '--longs=String',
    '--enums=String',
    '--oneofs',
    '--grpcLib=@grpc/grpc-js',
    '--importFileExtension=.js',
    '--targetFileExtension=.ts',
  ];
  const folders = [...list.includeDirs.map((folder) => join(protos, folder)), ...overlayFolders(list)];
  const includes = folders.flatMap((folder) => ['-I', folder]);
  execFileSync(
    process.execPath,
    [join(loader, 'build', 'bin', 'proto-loader-gen-types.js'), ...flags, ...includes, '-O', target, ...list.files],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  // One file per proto file describes services; files of one name overwrite each other, and nobody needs them.
  for (const name of readdirSync(target)) if (name.endsWith('.ts')) rmSync(join(target, name));
  for (const name of readdirSync(target, { recursive: true }))
    if (name.endsWith('.ts')) allowUndefined(join(target, name));
  writeFileSync(stampFile, stamp);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generateEnvoyTypes();
