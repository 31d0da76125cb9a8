import type { Locality, ServiceAddress, StringMap } from '../records/common.js';
import type { ProxySettings } from '../records/proxy.js';
import { type Field, flag, integer, list, map, named, object, opaque, optional, text } from '../wire/index.js';
import { type CheckBody, checkBodyField } from './check-schema.js';
import { proxyField } from './proxy-field.js';

/** A service as it comes in a file or an API body (consul-behaviour 2.2), before defaults. */
export interface ServiceBody {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly tags: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly socketPath: string;
  readonly taggedAddresses: Readonly<Record<string, ServiceAddress>>;
  readonly meta: StringMap;
  readonly weights?: { readonly passing: number; readonly warning: number };
  readonly enableTagOverride: boolean;
  readonly token: string;
  /** One at most in a body; in a file a block may be written several times. */
  readonly check: readonly CheckBody[];
  readonly checks: readonly CheckBody[];
  readonly connect?: { readonly native: boolean; readonly sidecarService?: ServiceBody };
  readonly proxy?: ProxySettings;
  readonly locality?: Locality;
}

const bodyCheck = checkBodyField('service');
const oneCheck: Field<readonly CheckBody[]> = {
  ...list(bodyCheck),
  decode: (input, path, context) =>
    input === null || input === undefined ? [] : [bodyCheck.decode(input, path, context)],
  encode: ([check]) => check && bodyCheck.encode(check),
};

/** Sidecars inside sidecars are read two levels deep only to be refused with a clear text. */
const DEEPEST_SIDECAR = 2;

export const serviceBodyField = (place: 'api' | 'file', depth = 0): Field<ServiceBody> =>
  object<ServiceBody>(
    {
      id: named('ID', text()),
      name: text(),
      kind: text(),
      tags: list(text()),
      address: text(),
      port: integer(),
      socketPath: text(),
      taggedAddresses: map(object<ServiceAddress>({ address: text(), port: integer() })),
      meta: map(text()),
      weights: optional(object<{ passing: number; warning: number }>({ passing: integer(), warning: integer() })),
      enableTagOverride: flag(),
      token: text(),
      check: place === 'file' ? list(checkBodyField('file')) : oneCheck,
      checks: list(checkBodyField(place === 'file' ? 'file' : 'service')),
      connect: optional(
        object<NonNullable<ServiceBody['connect']>>({
          native: flag(),
          sidecarService: optional(depth < DEEPEST_SIDECAR ? serviceBodyField(place, depth + 1) : neverService),
        }),
      ),
      proxy: optional(proxyField('agent')),
      locality: optional(object<Locality>({ region: text(), zone: text() })),
    },
    { ignored: ['Datacenter'] },
  );

/** What stands below the deepest level: anything, which the rules have refused by then. */
const neverService = opaque() as unknown as Field<ServiceBody>;
