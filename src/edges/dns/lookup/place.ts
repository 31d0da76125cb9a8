import type { DnsSettings } from '../dns-deps.js';
import type { Place } from './target.js';

/** Whether a place is this datacenter. Nothing is known of other datacenters and of peers. */
export const isHere = ({ datacenter, peer }: Place, settings: Pick<DnsSettings, 'datacenter'>): boolean =>
  peer === undefined && (datacenter === undefined || datacenter === settings.datacenter);
