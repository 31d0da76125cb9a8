import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExtensionMesh, clusterName, filterNames, luaExtension } from './support/extension-mesh.js';

const ARN = 'arn:aws:lambda:eu-west-1:111111111111:function:orders';
const lambda = (more: object = {}, Required = false) => ({
  Name: 'builtin/aws/lambda',
  Required,
  Arguments: { ARN, ...more },
});

describe('builtin/aws/lambda', () => {
  let mesh: ExtensionMesh;
  beforeEach(async () => {
    mesh = await ExtensionMesh.start();
  });
  afterEach(() => mesh.stop());

  test('of an upstream: its callers call AWS in the function’s region, and ask for no endpoints', async () => {
    await mesh.serviceDefaults('orders', [lambda()], { Protocol: 'http' });
    expect(mesh.cluster('orders')).toMatchObject({
      type: 'LOGICAL_DNS',
      load_assignment: {
        endpoints: [
          {
            lb_endpoints: [
              {
                endpoint: {
                  address: { socket_address: { address: 'lambda.eu-west-1.amazonaws.com', port_value: 443 } },
                },
              },
            ],
          },
        ],
      },
    });
    expect(filterNames(mesh.upstreamListener('orders'))).toEqual([
      'envoy.filters.http.aws_lambda',
      'envoy.filters.http.router',
    ]);
    expect([...(mesh.needs().resources.get('endpoint')?.keys() ?? [])]).toEqual([clusterName('stock')]);
    expect(mesh.problems()).toEqual([]);
  });

  test('changes nothing of its callers but what they send to it', async () => {
    const told = () => {
      const { clusters, listeners } = mesh.scenario.tell('front-proxy').resources;
      const mine = ([name]: [string, unknown]) => !name.startsWith('orders');
      return Object.fromEntries([...Object.entries(clusters), ...Object.entries(listeners)].filter(mine));
    };
    const before = told();
    await mesh.serviceDefaults('orders', [lambda()], { Protocol: 'http' });
    expect(told()).toEqual(before);
  });

  test('the caller’s own extensions build on it', async () => {
    await mesh.serviceDefaults('orders', [lambda()], { Protocol: 'http' });
    await mesh.serviceDefaults('front', [luaExtension('outbound')]);
    expect(filterNames(mesh.upstreamListener('orders'))).toEqual([
      'envoy.filters.http.aws_lambda',
      'envoy.filters.http.lua',
      'envoy.filters.http.router',
    ]);
  });

  test('belongs to one service', async () => {
    await expect(mesh.proxyDefaults([lambda()])).rejects.toThrow(
      'invalid EnvoyExtensions[0][builtin/aws/lambda]: builtin/aws/lambda is about one service and belongs into its service-defaults',
    );
  });

  test('that is required and cannot be carried out leaves that upstream as it is, and nothing else of the caller', async () => {
    await mesh.force({
      Kind: 'service-defaults',
      Name: 'orders',
      Protocol: 'http',
      EnvoyExtensions: [{ ...lambda({}, true), Arguments: { ARN: 'orders' } }],
    });
    const { keepsOthers, problems, resources } = mesh.needs();
    expect(keepsOthers).toBe(true);
    expect(problems).toEqual([
      'builtin/aws/lambda of service-defaults/orders is left out: Arguments.ARN must have the form arn:aws:lambda:<region>:<account>:function:<name>',
    ]);
    expect([...(resources.get('listener')?.keys() ?? [])]).toEqual([
      'public_listener:10.1.0.5:21000',
      'stock:127.0.0.1:9292',
    ]);
  });

  test.each<[object, string]>([
    [{ ARN: 'x' }, 'Arguments.ARN must have the form arn:aws:lambda:<region>:<account>:function:<name>'],
    [{ ARN: '' }, 'Arguments.ARN must have the form'],
    [{ InvocationMode: 'later' }, 'Arguments.InvocationMode must be "synchronous" or "asynchronous", not "later"'],
  ])('%j is refused when it is written', async (args, problem) => {
    await expect(mesh.serviceDefaults('orders', [lambda(args)])).rejects.toThrow(
      `invalid EnvoyExtensions[0][builtin/aws/lambda]: ${problem}`,
    );
  });
});
