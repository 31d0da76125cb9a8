import { type Field, always, decimal, list, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import {
  type HeaderModifiers,
  headerModifiersField,
  ignoredFields,
  kindField,
  metaField,
  nameField,
} from './shared-fields.js';

/** How a service's requests are shared out (consul-behaviour 4.4). */
export interface ServiceSplitterEntry {
  readonly kind: 'service-splitter';
  readonly name: string;
  readonly splits: readonly ServiceSplit[];
  readonly meta: StringMap;
}

export interface ServiceSplit {
  /** Per cent, in steps of 0.01; the weights of an entry add up to 100. */
  readonly weight: number;
  /** Empty = the service the splitter belongs to. */
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly partition: string;
  readonly requestHeaders?: HeaderModifiers;
  readonly responseHeaders?: HeaderModifiers;
}

export const serviceSplitField: Field<ServiceSplit> = object<ServiceSplit>({
  weight: always(decimal()),
  service: text(),
  serviceSubset: text(),
  namespace: text(),
  partition: text(),
  requestHeaders: optional(headerModifiersField),
  responseHeaders: optional(headerModifiersField),
});

export const schema: Field<ServiceSplitterEntry> = object<ServiceSplitterEntry>(
  {
    kind: kindField('service-splitter'),
    name: nameField,
    splits: always(list(serviceSplitField)),
    meta: metaField,
  },
  { ignored: ignoredFields },
);
