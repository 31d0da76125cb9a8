import type { DemoInstance, DevPorts } from './demo-mesh.js';
import { seconds } from './view.js';

/** What a person can do next, in a second terminal. */
export function hints(
  options: {
    readonly ports: DevPorts;
    readonly programName: string;
    readonly isFoundByDefault: boolean;
    readonly ratePerSecond: number;
  },
  mesh: readonly DemoInstance[],
  firstRequestMs: number,
): readonly string[] {
  const at = options.isFoundByDefault ? '' : ` -http-addr=127.0.0.1:${options.ports.http}`;
  const call = (command: string, rest = '') => `    ${options.programName} ${command}${at}${rest}`;
  const rate = options.ratePerSecond > 0 ? `, ${options.ratePerSecond} requests a second` : ', no traffic of its own';
  return [
    `The mesh is up: first request through it after ${seconds(firstRequestMs)}.`,
    `web calls api (v1 and v2), api calls billing; an Envoy beside each${rate}.`,
    '',
    'In a second terminal:',
    call('proxies'),
    call('intention create -deny', ' web api'),
    call('intention delete', ' web api'),
    call(
      'config write',
      ' - <<< \'Kind = "service-resolver" Name = "api" Subsets = { v1 = { Filter = "Service.Meta.version == v1" } v2 = { Filter = "Service.Meta.version == v2" } }\'',
    ),
    call(
      'config write',
      ' - <<< \'Kind = "service-splitter" Name = "api" Splits = [{ Weight = 90 ServiceSubset = "v1" }, { Weight = 10 ServiceSubset = "v2" }]\'',
    ),
    `    curl http://127.0.0.1:${mesh[0]?.port ?? 0}/`,
    '',
    'Ctrl-C ends it all.',
  ];
}
