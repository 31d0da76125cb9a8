/** A release of Envoy 1.x. */
export interface EnvoyRelease {
  readonly minor: number;
  readonly patch: number;
}

/** Reads `1.36.2`; undefined for what is no Envoy 1.x, or not known. */
export function envoyRelease(version: string): EnvoyRelease | undefined {
  const found = /^1\.(\d{1,4})\.(\d{1,4})$/.exec(version);
  return found ? { minor: Number(found[1]), patch: Number(found[2]) } : undefined;
}
