import { type Coordinate, distanceSeconds } from '../../core/index.js';
import { defineCommand } from '../command.js';
import { failure, refuse } from '../failure.js';
import { switchFlag } from '../flags/flag.js';
import { asList, asRecord, asText } from '../json.js';

interface Place {
  readonly node: string;
  readonly segment: string;
  readonly coordinate: Coordinate;
}

/** `rtt`: the estimated round trip time between two nodes. */
export const rtt = defineCommand({
  usage: '[options] NODE1 [NODE2]',
  about:
    'Estimates the round trip time between two nodes from their network coordinates. Without a second node it is that of the agent.',
  examples: [
    { says: 'From the node of the agent to "db1":', type: 'rtt db1' },
    { says: 'Between servers of two datacenters:', type: 'rtt -wan n1.dc1 n2.dc2' },
  ],
  flags: { wan: switchFlag('The nodes are servers, written name.datacenter, in the wide-area network.') },
  maxArgs: 2,
  reachesAgent: true,
  run: async ({ agent, flags, args, io }) => {
    const [first = ''] = args;
    if (first === '') return refuse(io, 'One or two node names must be specified');
    try {
      const second = args[1] ?? ownName(await agent.get('/v1/agent/self'), flags.wan);
      const places = flags.wan
        ? asList(await agent.get('/v1/coordinate/datacenters')).flatMap(placesOfDatacenter)
        : asList(await agent.get('/v1/coordinate/nodes')).map((row) => placeOf(row, ''));
      const ofNode = (name: string) => places.filter(({ node }) => node.toLowerCase() === name.toLowerCase());
      for (const name of [first, second])
        if (ofNode(name).length === 0) return refuse(io, `Could not find a coordinate for node "${name}"`);
      const pairs = ofNode(first).flatMap((one) =>
        ofNode(second)
          .filter(({ segment }) => segment === one.segment)
          .map((other) => [one, other] as const),
      );
      const [pair] = pairs;
      if (pair === undefined)
        return refuse(io, `The nodes "${first}" and "${second}" are in no common network segment`);
      const milliseconds = (distanceSeconds(pair[0].coordinate, pair[1].coordinate) * 1000).toFixed(3);
      io.out(
        `Estimated ${first} <-> ${second} rtt: ${milliseconds} ms (using ${flags.wan ? 'WAN' : 'LAN'} coordinates)\n`,
      );
      return 0;
    } catch (thrown) {
      return failure(io, 'Error getting coordinates', thrown);
    }
  },
});

function ownName(self: unknown, wan: boolean): string {
  const config = asRecord(asRecord(self)['Config']);
  return wan ? `${asText(config['NodeName'])}.${asText(config['Datacenter'])}` : asText(config['NodeName']);
}

function placesOfDatacenter(map: unknown): readonly Place[] {
  const { Datacenter, Coordinates } = asRecord(map);
  return asList(Coordinates).map((row) => placeOf(row, `.${asText(Datacenter)}`));
}

function placeOf(row: unknown, suffix: string): Place {
  const { Node, Segment, Coord } = asRecord(row);
  const { Vec, Error: error, Adjustment, Height } = asRecord(Coord);
  return {
    node: asText(Node) + suffix,
    segment: asText(Segment),
    coordinate: {
      vec: asList(Vec).map(Number),
      error: Number(error),
      adjustment: Number(Adjustment),
      height: Number(Height),
    },
  };
}
