import { type Field, always, list, map, object, text } from '../wire/index.js';
import { type ResourceReference, resourceReferenceField } from './resource-reference.js';

/** The kind of entry that only the server makes: what an api-gateway, its routes and its certificates come to. */
export const BOUND_API_GATEWAY = 'bound-api-gateway';

/** What an API gateway really serves (consul-behaviour 4.9). Derived, never stored; sorted throughout. */
export interface BoundApiGateway {
  readonly name: string;
  readonly listeners: readonly BoundListener[];
  /** Service -> the routes that lead to it. */
  readonly services: Readonly<Record<string, readonly ResourceReference[]>>;
}

/** A listener with the routes that are bound to it and those of its certificates that exist. */
export interface BoundListener {
  readonly name: string;
  readonly routes: readonly ResourceReference[];
  readonly certificates: readonly ResourceReference[];
}

/** Go shows a list that nothing was ever put into as null. */
const nullWhenEmpty: Field<readonly ResourceReference[]> = {
  ...always(list(resourceReferenceField)),
  encode: (value) => (value.length === 0 ? null : value.map((one) => resourceReferenceField.encode(one))),
};

const field = object<BoundApiGateway>({
  name: always(text()),
  listeners: always(
    list(object<BoundListener>({ name: always(text()), routes: nullWhenEmpty, certificates: nullWhenEmpty })),
  ),
  services: always(map(list(resourceReferenceField))),
});

/** In Consul's spelling, without indexes. */
export function encodeBoundApiGateway(gateway: BoundApiGateway): Record<string, unknown> {
  return { Kind: BOUND_API_GATEWAY, ...(field.encode(gateway) as Record<string, unknown>) };
}
