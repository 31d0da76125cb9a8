// Shows made-up resources to this client and to the Go dumper (test/recordings/xds/adsdump) and compares what they print.
//   node --import tsx test/support/ads-client/witness.ts ADSDUMP [ROUNDS] [SEED]
import { spawn } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { ScriptedAdsServer } from '../ads-server/index.js';
import { AdsClient } from './ads-client.js';
import { type Kind, kinds, typeUrls } from './kinds.js';
import { type AnyMessage, lookupType } from './message-types.js';
import { type Random, randomFields, seeded } from './random-message.js';

const inside = [
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.extensions.filters.http.rbac.v3.RBAC',
  'envoy.extensions.filters.network.rbac.v3.RBAC',
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  'envoy.extensions.access_loggers.file.v3.FileAccessLog',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  'envoy.extensions.clusters.aggregate.v3.ClusterConfig',
  'google.protobuf.Duration',
  'google.protobuf.Struct',
  'google.protobuf.StringValue',
  'google.protobuf.Empty',
];

function resource(random: Random, kind: Kind, name: string, density: number): AnyMessage {
  const type = lookupType(typeUrls[kind]);
  if (!type) throw new Error(`no type for ${kind}`);
  const fields = {
    ...randomFields(random, type, { depth: 5, inside, density }),
    [kind === 'endpoints' ? 'cluster_name' : 'name']: name,
  };
  return { type_url: typeUrls[kind], value: type.encode(type.fromObject(fields)).finish() };
}

const goDump = (tool: string, address: string): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    const child = spawn(tool, ['-id', 'p', '-addr', address, '-quiet', '150ms', '-first', '400ms'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString();
    });
    child.on('error', reject);
    child.on('close', () => {
      try {
        resolve(JSON.parse(out) as Record<string, unknown>);
      } catch {
        reject(new Error(`the Go dumper printed no JSON: ${out.slice(0, 200)}`));
      }
    });
  });

/** Where two values differ, as paths. */
function differences(want: unknown, got: unknown, path = ''): string[] {
  if (isDeepStrictEqual(want, got)) return [];
  if (want && got && typeof want === 'object' && typeof got === 'object') {
    const keys = new Set([...Object.keys(want), ...Object.keys(got)]);
    return [...keys].flatMap((key) =>
      differences((want as Record<string, unknown>)[key], (got as Record<string, unknown>)[key], `${path}.${key}`),
    );
  }
  return [`${path}: Go ${JSON.stringify(want)} here ${JSON.stringify(got)}`];
}

/** Fields that the newer API of the Go dumper no longer has. */
const removedSince = /\.on_demand_configuration\b/;

const isBrokenRule = (problem: string) => problem.includes('breaks a rule of the API');

async function main(): Promise<void> {
  const [tool, rounds = '20', seed = '1'] = process.argv.slice(2);
  if (!tool) throw new Error('usage: witness.ts ADSDUMP [ROUNDS] [SEED]');
  let different = 0;
  let compared = 0;
  for (let round = 0; round < Number(rounds); round++) {
    const random = seeded(Number(seed) + round);
    // Full messages try the printing, sparse ones the rules.
    const density = [0.45, 0.15, 0.05, 0.02][round % 4] as number;
    const server = await ScriptedAdsServer.start();
    const library: Partial<Record<Kind, AnyMessage[]>> = {};
    for (const kind of kinds)
      library[kind] = ['first', 'second', 'name'].map((name) => resource(random, kind, name, density));
    server.answerFrom(library);
    const want = await goDump(tool, server.address);
    const client = new AdsClient({ address: server.address, nodeId: 'p', quietMs: 150, firstMs: 400 });
    const got = JSON.parse(JSON.stringify(await client.dump())) as Record<string, unknown>;
    await client.close();
    await server.close();
    const found = [
      ...differences(want['resources'], got['resources'], 'resources'),
      ...differences(want['unanswered'] ?? {}, got['unanswered'] ?? {}, 'unanswered'),
    ];
    const known = found.filter((text) => removedSince.test(text));
    for (const text of known) found.splice(found.indexOf(text), 1);
    // The words about a broken rule differ, and which of several is named first; not which resources break one.
    const problems = (dump: Record<string, unknown>) =>
      ((dump['problems'] ?? []) as string[]).map((text) =>
        isBrokenRule(text) ? text.replace(/the API: .*/s, 'the API') : text,
      );
    found.push(...differences([...new Set(problems(want))].sort(), [...new Set(problems(got))].sort(), 'problems'));
    compared += Object.values(got['resources'] as object).reduce(
      (sum: number, one: object) => sum + Object.keys(one).length,
      0,
    );
    if (found.length) {
      different++;
      console.log(`seed ${Number(seed) + round}:\n  ${found.slice(0, 12).join('\n  ').slice(0, 4000)}`);
      const broken = ((want['problems'] ?? []) as string[]).filter(isBrokenRule);
      if (broken.length) console.log(`  Go: ${broken.join('\n  Go: ').slice(0, 2000)}`);
      console.log(
        `  here: ${((got['problems'] ?? []) as string[]).filter(isBrokenRule).join('\n  here: ').slice(0, 2000)}`,
      );
    }
  }
  console.log(`${rounds} rounds, ${compared} resources, ${different} rounds with differences`);
  process.exitCode = different ? 1 : 0;
}

await main();
