import { align, number } from '../table.js';
import type { ApiResults } from './index.js';

/** The tables of the API part. */
export function renderApi({ rates, parked, restart }: ApiResults): string {
  const parts: string[] = [];
  if (rates.length > 0)
    parts.push(
      align([
        ['request', 'bytes', 'per CPU second', 'floor', 'share of floor', 'per second'],
        ...rates.map((rate) => [
          rate.name,
          String(rate.bytes),
          number(rate.perCpuSecond, 0),
          number(rate.floorPerCpuSecond, 0),
          number(rate.perCpuSecond / rate.floorPerCpuSecond, 2),
          number(rate.perSecond, 0),
        ]),
      ]),
    );
  if (parked)
    parts.push(
      [
        `${parked.queries} parked queries: ${number(parked.rssKbEach)} kB of memory each, ${number(parked.heapKbEach)} kB of heap`,
        `(bare node:http: ${number(parked.floorRssKbEach)} and ${number(parked.floorHeapKbEach)});`,
        `${number(parked.idleCpuMsPerSecond)} ms of CPU a second while nothing happens;`,
        `a change wakes the one that waits in ${number(parked.wakeOneMs)} ms, a hundred in ${number(parked.wakeHundredMs)} ms,`,
        `${parked.wokenForNothing} others; after all have gone ${number(parked.leftHeapKbEach)} kB of heap each are left,`,
        `${number(parked.leftRssKbEach)} kB of memory`,
      ].join('\n'),
    );
  if (restart)
    parts.push(
      `restart with ${restart.records} records: first answer after ${number(restart.ms, 0)} ms, ${number(restart.rssMb, 0)} MB`,
    );
  return parts.join('\n\n');
}
