import { ANY, type Cors, type CorsOrigin } from '../../../model/config-entries/index.js';
import { type PackedAny, packAny } from '../../envoy-api/index.js';

/** The filter as it stands in a chain: it does what routes say, by itself nothing. */
export const idleCorsFilter = (): PackedAny => packAny('envoy.extensions.filters.http.cors.v3.Cors', {});

/** Whom a route lets call from a browser. */
export function routeCors(cors: Cors): PackedAny {
  const { allowOrigins, allowMethods, allowHeaders, exposeHeaders, maxAgeMs, allowCredentials } = cors;
  return packAny('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: allowOrigins.map(originMatch),
    ...listed('allow_methods', allowMethods),
    ...listed('allow_headers', allowHeaders),
    ...listed('expose_headers', exposeHeaders),
    ...(maxAgeMs > 0 ? { max_age: String(maxAgeMs / 1000) } : {}),
    ...(allowCredentials ? { allow_credentials: { value: true } } : {}),
  });
}

function originMatch({ exact, prefix, suffix, regex }: CorsOrigin) {
  if (exact === ANY) return { safe_regex: { regex: '.*' } };
  if (exact !== '') return { exact };
  if (prefix !== '') return { prefix };
  return suffix === '' ? { safe_regex: { regex } } : { suffix };
}

function listed<Key extends string>(key: Key, names: readonly string[]): { readonly [One in Key]?: string } {
  return names.length === 0 ? {} : ({ [key]: names.join(',') } as { readonly [One in Key]?: string });
}
