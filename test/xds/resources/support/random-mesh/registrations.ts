import fc from 'fast-check';
import { expose, proxyConfig, upstreamOpaque } from './default-entries.js';
import { SERVICES, few, mapOf, number, service, some, text, upTo } from './values.js';

/** Loopback addresses that nothing else listens on. */
const bindAddress = text('127.9.0.1', '127.9.0.2', '127.9.0.3');
const bindPort = number(...Array.from({ length: 400 }, (_, more) => 20_000 + more));

const upstream = fc
  .tuple(
    service,
    bindAddress,
    bindPort,
    few({
      Config: upstreamOpaque,
      Datacenter: text('', 'dc1', 'dc2'),
      MeshGateway: fc.record({ Mode: text('', 'none', 'local', 'remote') }),
      DestinationType: text('service', 'prepared_query'),
    }),
  )
  .map(([DestinationName, LocalBindAddress, LocalBindPort, more]) => ({
    DestinationName,
    LocalBindAddress,
    LocalBindPort,
    ...more,
  }));

/** The same without anything that could be refused. */
export const plainFront = fc
  .record({
    Name: fc.constantFrom(...SERVICES),
    called: fc.subarray([...SERVICES]),
  })
  .map(({ Name, called }) => ({
    service: {
      ID: 'front',
      Name,
      Port: 8080,
      Connect: {
        SidecarService: {
          Port: 21_000,
          Address: '127.9.0.9',
          Proxy: {
            Upstreams: called.map((DestinationName, position) => ({
              DestinationName,
              LocalBindAddress: '127.9.0.1',
              LocalBindPort: 20_500 + position,
            })),
          },
        },
      },
    },
  }));

/** The service and its sidecar whose configuration is looked at: `front`, which speaks for `web` or another. */
export const front = fc
  .record({
    Name: service,
    // Doubles are refused, and with them the whole registration.
    Upstreams: fc.uniqueArray(upstream, {
      maxLength: 5,
      selector: ({ DestinationName }) => DestinationName,
    }),
    more: few({
      Config: proxyConfig,
      Expose: expose,
      Mode: text('', 'direct', 'transparent'),
      LocalServiceAddress: text('127.0.0.1', 'localhost'),
      TransparentProxy: some({ OutboundListenerPort: number(15_001), DialedDirectly: fc.boolean() }),
      MeshGateway: fc.record({ Mode: text('', 'local', 'remote') }),
      MutualTLSMode: text('', 'strict', 'permissive'),
    }),
  })
  .map(({ Name, Upstreams, more }) => ({
    service: {
      ID: 'front',
      Name,
      Port: 8080,
      Connect: {
        SidecarService: { Port: 21_000, Address: '127.9.0.9', Proxy: { Upstreams, ...more } },
      },
    },
  }));

const locality = fc.record({ Region: text('east', 'west'), Zone: text('', 'east-1') });

const check = fc.record({
  CheckID: text('c1', 'c2'),
  Name: text('alive'),
  Status: text('passing', 'warning', 'critical'),
});

/** An instance of a service somewhere, with its sidecar or native, healthy or not. */
export const instance = fc
  .record({
    number: fc.integer({ min: 1, max: 4 }),
    Name: service,
    Address: text('10.9.0.1', '10.9.0.2', '2001:db8::1', '', 'instance.example'),
    Port: number(8080, 8081, 8082),
    how: fc.constantFrom('sidecar', 'sidecar', 'native', 'plain'),
    Meta: mapOf(text('version', 'zone'), text('1', '2')),
    Tags: upTo(2, text('blue', 'green')),
    more: few({
      Weights: fc.record({ Passing: number(1, 10, 500), Warning: number(0, 1) }),
      Locality: locality,
    }),
    Checks: upTo(2, check),
    NodeMeta: mapOf(text('rack'), text('r1')),
  })
  .map(({ number: node, Name, how, Checks, NodeMeta, more, ...rest }) => {
    const ID = `${Name}-${node}`;
    const Service =
      how === 'sidecar'
        ? {
            ...{ Kind: 'connect-proxy', ID: `${ID}-proxy`, Service: `${Name}-sidecar-proxy`, ...rest, ...more },
            Proxy: { DestinationServiceName: Name, DestinationServiceID: ID },
          }
        : { ID, Service: Name, ...rest, ...more, ...(how === 'native' ? { Connect: { Native: true } } : {}) };
    return {
      catalog: {
        Node: `node-${node}`,
        Address: `10.8.0.${node}`,
        NodeMeta,
        Service,
        Checks: Checks.map((one) => ({ ...one, Node: `node-${node}`, ServiceID: Service.ID })),
      },
    };
  });

export const goneInstance = fc
  .integer({ min: 1, max: 4 })
  .map((node) => ({ 'remove-catalog': { Node: `node-${node}` } }));
