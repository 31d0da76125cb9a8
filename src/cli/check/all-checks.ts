import { backupCheck } from './backup-check.js';
import { configurationChecks } from './configuration-checks.js';
import { etcdChecks } from './etcd-checks.js';
import type { InstallationCheck } from './installation-check.js';
import { machineChecks } from './machine-checks.js';
import { proxyChecks, serverChecks } from './server-checks.js';
import { tlsFileChecks } from './tls-file-checks.js';

/** Every check, in the order in which they are run. */
export const allChecks: readonly InstallationCheck[] = [
  ...serverChecks,
  backupCheck,
  ...etcdChecks,
  ...proxyChecks,
  ...machineChecks,
  ...configurationChecks,
  ...tlsFileChecks,
];
