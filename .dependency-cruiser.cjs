// Who may import whom (docs/architecture.md, "Rooms"). `npm run check -- layers` runs it.
// Rooms in the order of their dependencies; each may import those named and itself.
const foundation = ['core', 'model', 'lang'];
const pure = [...foundation, 'mesh', 'xds/resources', 'xds/envoy-api'];
const stateful = [...pure, 'snapshot', 'backup', 'telemetry', 'state', 'acl', 'ca'];
const domain = [...stateful, 'discovery', 'federation', 'xds/server', 'xds/index.ts', 'cluster/credentials'];

const rooms = {
  core: [],
  lang: ['core'],
  model: ['core', 'lang'],
  snapshot: ['core'],
  backup: [...foundation, 'snapshot'],
  telemetry: foundation,
  watches: ['core'],
  mesh: foundation,
  'xds/envoy-api': foundation,
  'xds/resources': [...foundation, 'mesh', 'xds/envoy-api'],
  state: [...foundation, 'telemetry'],
  acl: [...foundation, 'telemetry', 'state'],
  ca: [...foundation, 'telemetry', 'state'],
  discovery: stateful,
  federation: stateful,
  'xds/server': stateful,
  'cluster/credentials': foundation,
  cluster: domain,
  agent: [...domain, 'watches'],
  edges: [...domain, 'agent'],
  'client-agent': [...domain, 'agent', 'edges', 'cluster'],
  server: [...domain, 'agent', 'edges', 'cluster', 'client-agent'],
  cli: [...foundation, 'snapshot', 'backup', 'cluster/credentials', 'watches'],
  ui: foundation,
};

const under = (names) => `^src/(?:${names.join('|')})(?:/|$)`;
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const directions = Object.entries(rooms).map(([room, allowed]) =>
  rule(
    `${room.replace('/', '-')}-reaches-too-far`,
    `${room} may import ${allowed.length ? allowed.join(', ') : 'nothing of ours'}`,
    { path: under([room]), pathNot: room === 'cli' ? '^src/cli/(?:commands/)?(?:agent|dev)(?:/|[.-])' : undefined },
    { path: '^src/', pathNot: under([room, ...allowed]) },
  ),
);

/** Each external package has one owner folder. */
const owners = [
  ['@peculiar/x509', ['core/x509.ts']],
  ['pkijs', ['ca']],
  ['reflect-metadata', ['core/x509.ts']],
  ['classic-level', ['state/backend']],
  ['fastify', ['edges/http']],
  // Three wire formats that know nothing of each other: Envoy's for proxies, etcd's for the state below them, and our own agents'.
  ['@grpc/proto-loader', ['xds/envoy-api', 'state/backend/etcd/client', 'cluster/wire']],
  ['protobufjs', ['xds/envoy-api']],
  ['@aws-sdk/credential-providers', ['backup/s3']],
  ['@grpc/grpc-js-xds', ['xds/envoy-api']],
  ['@grpc/grpc-js', ['xds/server', 'xds/envoy-api', 'edges/grpc', 'agent/checks', 'state/backend/etcd/client', 'federation', 'cluster', 'client-agent']],
  ['commander', ['cli']],
  ['picocolors', ['cli']],
  ['luaparse', ['lang']],
  ['re2js', ['lang']],
  ['zod', ['model', 'agent']],
  ['pino', ['telemetry', 'edges/http']],
  ['prom-client', ['telemetry']],
  ['semver', ['xds/server', 'cli']],
  ['aws4fetch', ['backup/s3']],
  ['undici', ['agent', 'backup/s3', 'cli', 'ca/providers', 'acl']],
];
const ownership = owners.map(([name, folders]) =>
  rule(
    `${name.replace(/[@/]+/g, '-').replace(/^-/, '')}-has-an-owner`,
    `only ${folders.join(', ')} may import ${name}`,
    { path: '^src/', pathNot: under(folders) },
    { path: `(?:^|/)node_modules/${name.replace('.', '\\.')}(?:/|$)` },
  ),
);

const pureRooms = '^src/(?:mesh|xds/resources|lang)/';

module.exports = {
  forbidden: [
    ...directions,
    ...ownership,
    rule('every-folder-is-a-room', 'a new folder under src/ needs its place in these rules', { path: '^src/[^/]+/', pathNot: under([...Object.keys(rooms), 'xds/index.ts']) }, { path: '.' }),
    rule('only-agent-commands-start-servers', 'the cli reaches an agent by HTTP; only `agent` and `dev` build one, lazily', { path: '^src/cli/' }, {
      path: '^src/',
      pathNot: under(['cli', 'server', 'agent', 'snapshot', 'backup', 'cluster/credentials', 'watches', ...foundation]),
    }),
    rule('pure-rooms-do-no-io', 'same input, same output: no clock, no I/O, no rxjs', { path: pureRooms }, {
      dependencyTypes: ['core'],
    }),
    rule('pure-rooms-use-no-rxjs', 'computations are plain functions over a View', { path: pureRooms }, { path: '(?:^|/)node_modules/rxjs(?:/|$)' }),
    rule('core-view-is-bare', 'the View interface drags nothing behind it', { path: '^src/core/view\\.ts$' }, { path: 'rxjs|^src/(?!core/)' }),
    rule('no-cycles', 'a cycle hides which of two modules is the lower one', { path: '^src/' }, {
      circular: true,
      // Types that name each other, and what is loaded only when it is needed, are no harm.
      viaOnly: { dependencyTypesNot: ['type-only', 'dynamic-import'] },
    }),
    rule('src-does-not-import-tests', 'what ships must not need what does not', { path: '^src/' }, { path: '^(?:test|scripts)/' }),
    rule('src-does-not-import-development-packages', 'they are missing in an installation', { path: '^src/' }, {
      dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
      dependencyTypesNot: ['type-only'],
    }),
    rule('everything-resolves', 'an import that leads nowhere', { path: '^src/' }, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'src/xds/envoy-api/generated' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
