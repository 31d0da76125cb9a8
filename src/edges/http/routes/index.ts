/**
 * The route table: one file per family of paths.
 * In: requests whose path and method fit. Out: answers. Must never: hold state of its own.
 */
import type { AgentRoute, Route } from '../route.js';
import { aclRoutes } from './acl.js';
import { agentCheckRoutes } from './agent-checks.js';
import { agentConnectRoutes } from './agent-connect.js';
import { agentHostRoutes } from './agent-host.js';
import { agentMemberRoutes } from './agent-members.js';
import { agentSelfRoutes } from './agent-self.js';
import { agentServiceRoutes } from './agent-services.js';
import { agentTelemetryRoutes } from './agent-telemetry.js';
import { agentTokenRoutes } from './agent-tokens.js';
import { autopilotRoutes } from './autopilot.js';
import { catalogRoutes } from './catalog.js';
import { configRoutes } from './config.js';
import { connectCaRoutes } from './connect-ca.js';
import { coordinateRoutes } from './coordinate.js';
import { eventRoutes } from './event.js';
import { debugPprofRoutes } from './debug-pprof.js';
import { discoveryChainRoutes } from './discovery-chain.js';
import { exportedServicesRoutes } from './exported-services.js';
import { federationRoutes } from './federation.js';
import { healthRoutes } from './health.js';
import { intentionRoutes } from './intentions.js';
import { internalRoutes } from './internal.js';
import { kvRoutes } from './kv.js';
import { meshRoutes } from './mesh.js';
import { meshEntryRoutes } from './mesh-entries.js';
import { keyringRoutes } from './keyring.js';
import { operatorRoutes } from './operator.js';
import { queryRoutes } from './query.js';
import { sessionRoutes } from './session.js';
import { snapshotRoutes } from './snapshot.js';
import { statusRoutes } from './status.js';
import { txnRoutes } from './txn.js';
import { uiRoutes } from './ui.js';

/** What every agent answers itself, about itself. */
export const agentRoutes: readonly AgentRoute[] = [
  ...agentCheckRoutes,
  ...agentHostRoutes,
  ...agentSelfRoutes,
  ...agentServiceRoutes,
  ...agentTelemetryRoutes,
  ...agentTokenRoutes,
  ...debugPprofRoutes,
];

/** What servers answer, for whomever asks. */
export const serverRoutes: readonly Route[] = [
  ...aclRoutes,
  ...agentConnectRoutes,
  ...agentMemberRoutes,
  ...autopilotRoutes,
  ...catalogRoutes,
  ...configRoutes,
  ...connectCaRoutes,
  ...coordinateRoutes,
  ...discoveryChainRoutes,
  ...eventRoutes,
  ...exportedServicesRoutes,
  ...federationRoutes,
  ...healthRoutes,
  ...intentionRoutes,
  ...internalRoutes,
  ...kvRoutes,
  ...meshRoutes,
  ...meshEntryRoutes,
  ...operatorRoutes,
  ...keyringRoutes,
  ...queryRoutes,
  ...sessionRoutes,
  ...snapshotRoutes,
  ...statusRoutes,
  ...uiRoutes,
  ...txnRoutes,
];

/** Every route of this version. */
export const allRoutes: readonly Route[] = [...agentRoutes, ...serverRoutes];
