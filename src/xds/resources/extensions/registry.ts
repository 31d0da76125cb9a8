import type { EnvoyExtension } from '../../../model/index.js';
import type { AnyExtensionKind } from './extension.js';
import { awsLambda } from './aws-lambda.js';
import { extAuthz } from './ext-authz.js';
import { lua } from './lua.js';
import { otelAccessLogging } from './otel-access-logging.js';
import { propertyOverride } from './property-override.js';
import { wasm } from './wasm.js';

/** Every extension there is. */
export const extensionKinds: ReadonlyMap<string, AnyExtensionKind> = new Map(
  [lua, extAuthz, wasm, propertyOverride, otelAccessLogging, awsLambda].map((kind): [string, AnyExtensionKind] => [
    kind.name,
    kind,
  ]),
);

/** Whether an extension is one that changes what the callers of its service send to it. */
export function changesCallers({ name }: EnvoyExtension): boolean {
  return extensionKinds.get(name)?.changes === 'callers';
}
