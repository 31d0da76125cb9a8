import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFilter } from '../../../src/lang/filter/index.js';
import { instanceFilter } from '../../../src/mesh/proxy/instance-filter.js';
import type { CheckRecord, NodeRecord, ServiceRecord } from '../../../src/model/index.js';
import { check, node, proxySettings, service } from './support/records.js';

/** The whole of an instance in the API's spelling: what a filter sees when nothing is left out. */
const whole = (of: NodeRecord, { proxy, ...instance }: ServiceRecord, checks: readonly CheckRecord[]): object => ({
  Node: {
    ID: of.id,
    Node: of.node,
    Address: of.address,
    Datacenter: of.datacenter,
    TaggedAddresses: {},
    Meta: of.meta,
  },
  Service: {
    ...{ Kind: instance.kind, ID: instance.id, Service: instance.service, Tags: instance.tags },
    ...{ Address: instance.address, Port: instance.port, Meta: instance.meta, EnableTagOverride: false },
    ...{ Weights: { Passing: 1, Warning: 1 }, Connect: { Native: instance.connect.native } },
    Proxy: {
      ...{ DestinationServiceName: proxy?.destinationServiceName ?? '', Mode: proxy?.mode ?? '' },
      DestinationServiceID: proxy?.destinationServiceId ?? '',
      LocalServiceAddress: proxy?.localServiceAddress ?? '',
      LocalServicePort: proxy?.localServicePort ?? 0,
    },
    TaggedAddresses: { lan: { Address: '10.0.0.9', Port: 1 } },
  },
  Checks: checks.map((one) => ({
    ...{ Node: one.node, CheckID: one.checkId, Name: one.name, Status: one.status, Notes: one.notes },
    ...{ Output: one.output, ServiceID: one.serviceId, ServiceName: one.serviceName },
    ...{ ServiceTags: one.serviceTags, Type: one.type },
  })),
});

const selector = fc.constantFrom(
  ...['Node.Node', 'Node.Meta.zone', '"/Node/Meta/zone"', 'Service.Meta.version', 'Service.Port', 'Service.Tags'],
  ...['Service.Weights.Passing', 'Service.Proxy.LocalServicePort', 'Service.TaggedAddresses.lan.Port'],
  ...['Service.Connect.Native', 'Checks.Status', 'Checks', 'Service', 'Nothing.There', 'Service.toString'],
);
const value = fc.constantFrom('v1', 'v2', '8080', '1', 'true', 'n1', 'a', 'critical', '""');
const comparison = fc.oneof(
  fc.tuple(selector, fc.constantFrom('==', '!=', 'contains', 'not contains'), value).map((parts) => parts.join(' ')),
  fc.tuple(selector, fc.constantFrom('is empty', 'is not empty')).map((parts) => parts.join(' ')),
);
const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    fc
      .tuple(tie('any'), fc.constantFrom('and', 'or'), tie('any'))
      .map(([left, word, right]) => `(${left}) ${word} (${right})`),
    tie('any').map((inner) => `not (${inner})`),
  ),
})).any;

const instance = fc
  .record({
    zone: fc.constantFrom('a', 'b'),
    version: fc.constantFrom('v1', 'v2'),
    tags: fc.subarray(['v1', 'a']),
    native: fc.boolean(),
    statuses: fc.array(fc.constantFrom('passing' as const, 'critical' as const), { maxLength: 2 }),
    hasProxy: fc.boolean(),
  })
  .map(({ zone, version, tags, native, statuses, hasProxy }) => ({
    of: node('n1', { meta: { zone } }),
    service: service('api', {
      ...{ tags, meta: { version }, connect: { native } },
      taggedAddresses: { lan: { address: '10.0.0.9', port: 1 } },
      ...(hasProxy ? { proxy: proxySettings() } : {}),
    }),
    checks: statuses.map((status) => check(status, 'api')),
  }));

describe("a subset's filter", () => {
  test('selects as if it saw all of an instance, of which it is shown what it looks at', () => {
    fc.assert(
      fc.property(expression, instance, (text, { of, service: registered, checks }) => {
        expect(instanceFilter(text)(of, registered, () => checks)).toBe(
          compileFilter(text)(whole(of, registered, checks)),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('asks for checks only where it looks at them', () => {
    const asked = (text: string): boolean => {
      let isAsked = false;
      instanceFilter(text)(node('n1'), service('api'), () => ((isAsked = true), []));
      return isAsked;
    };
    expect(asked('Service.Meta.version == v1')).toBe(false);
    expect(asked('Service.Meta.version == v1 or Checks.Status == passing')).toBe(true);
  });
});
