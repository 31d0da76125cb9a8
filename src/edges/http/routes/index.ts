/**
 * The route table: one file per family of paths.
 * In: requests whose path and method fit. Out: answers. Must never: hold state of its own.
 */
import type { Route } from '../route.js';
import { catalogRoutes } from './catalog.js';
import { healthRoutes } from './health.js';
import { kvRoutes } from './kv.js';
import { statusRoutes } from './status.js';

/** Every route of this version. */
export const allRoutes: readonly Route[] = [...catalogRoutes, ...healthRoutes, ...kvRoutes, ...statusRoutes];
