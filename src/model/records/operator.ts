import type { Coordinate } from '../../core/index.js';
import type { Revisions } from './common.js';

/** Where a node believes to be. Key: `coordinateKey(node, segment)`; the segment is empty. */
export interface CoordinateRecord extends Revisions {
  readonly node: string;
  readonly segment: string;
  readonly coordinate: Coordinate;
}

/** How servers are looked after (consul-behaviour 3.2, `autopilot`). One record, key `config`; absent = the defaults. */
export interface AutopilotRecord extends Revisions {
  readonly cleanupDeadServers: boolean;
  readonly lastContactThresholdMs: number;
  readonly maxTrailingLogs: number;
  readonly minQuorum: number;
  readonly serverStabilizationTimeMs: number;
  readonly redundancyZoneTag: string;
  readonly disableUpgradeMigration: boolean;
  readonly upgradeVersionTag: string;
}
