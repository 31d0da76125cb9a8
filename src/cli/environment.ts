/**
 * A setting from the environment: `MESHWRIGHT_HTTP_ADDR` before `CONSUL_HTTP_ADDR`. An empty variable counts as absent.
 */
export function environmentSetting(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  return env[`MESHWRIGHT_${name}`] || env[`CONSUL_${name}`] || undefined;
}

/** A yes-or-no setting, as Go reads them. `undefined` when absent or unreadable. */
export function environmentSwitch(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): boolean | undefined {
  const value = environmentSetting(env, name)?.toLowerCase();
  if (value === '1' || value === 't' || value === 'true') return true;
  if (value === '0' || value === 'f' || value === 'false') return false;
  return undefined;
}
