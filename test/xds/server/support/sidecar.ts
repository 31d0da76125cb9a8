import { cluster, endpoints, extension, listener, roots, route, staticCluster } from './resources.js';
import { type RigNames, SessionRig } from './session-rig.js';

/** What the usual sidecar of these tests needs. */
export const sidecar = {
  cluster: ['local_app', 'api'],
  endpoint: ['api'],
  secret: ['roots'],
  listener: ['public', 'api:127.0.0.1:9191'],
  route: ['api'],
  extension: ['rbac'],
};

export const sidecarResources = [
  staticCluster('local_app'),
  cluster('api'),
  endpoints('api'),
  roots(),
  listener('public', { filters: ['rbac'] }),
  listener('api:127.0.0.1:9191', { routeName: 'api' }),
  route('api'),
  extension('rbac'),
];

/** A stream on which nothing has been asked yet; its cells have values. */
export function freshStream(names: RigNames = sidecar): SessionRig {
  const rig = new SessionRig({});
  rig.session.close();
  rig.change(...sidecarResources);
  rig.open(names);
  return rig;
}

/** A sidecar that has everything and has accepted it. */
export function warmSidecar(names: RigNames = sidecar): SessionRig {
  return freshStream(names).coldStart();
}
