import { type Field, always, flag, integer, list, map, nullable, object, text } from '../wire/index.js';
import type {
  PreparedQueryRecord,
  QueriedService,
  QueryDefinition,
  QueryFailover,
  QueryFailoverTarget,
  QueryTemplate,
} from '../records/prepared-query.js';

const texts = nullable(list(text()));
const pairs = nullable(map(text()));

const templateField: Field<QueryTemplate> = object<QueryTemplate>({
  type: always(text()),
  regexp: always(text()),
  removeEmptyTags: always(flag()),
});

const failoverField: Field<QueryFailover> = object<QueryFailover>({
  nearestN: always(integer()),
  datacenters: texts,
  targets: nullable(list(object<QueryFailoverTarget>({ peer: text(), datacenter: text() }))),
});

/** The `Service` of a query. */
export const queriedServiceField: Field<QueriedService> = object<QueriedService>({
  service: always(text()),
  samenessGroup: always(text()),
  failover: failoverField,
  onlyPassing: always(flag()),
  ignoreCheckIds: texts,
  near: always(text()),
  tags: texts,
  nodeMeta: pairs,
  serviceMeta: pairs,
  connect: always(flag()),
  peer: always(text()),
});

const definitionFields = {
  id: always(text()),
  name: always(text()),
  session: always(text()),
  token: always(text()),
  template: templateField,
  service: queriedServiceField,
  dns: object<QueryDefinition['dns']>({ ttl: always(text()) }),
};

/** A query as it is written; revisions of an earlier read are forgotten. */
export const queryDefinitionField: Field<QueryDefinition> = object<QueryDefinition>(definitionFields, {
  ignored: ['CreateIndex', 'ModifyIndex'],
});

/** A query as it is shown. */
export const queryRecordField: Field<PreparedQueryRecord> = object<PreparedQueryRecord>({
  ...definitionFields,
  createIndex: always(integer()),
  modifyIndex: always(integer()),
});
