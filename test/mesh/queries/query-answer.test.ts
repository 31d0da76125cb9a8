import { describe, expect, test } from 'vitest';
import { type QueryAnswer, findQuery, queryAnswerCell, queryKey } from '../../../src/mesh/queries/index.js';
import type { CheckRecord, NodeRecord, PreparedQueryRecord, ServiceRecord } from '../../../src/model/index.js';
import { queryDefinitionField } from '../../../src/model/queries/index.js';
import { decode } from '../../../src/model/wire/index.js';
import { check, node, service } from '../../state/support/records.js';
import { plainView } from '../support/plain-view.js';

const revisions = { createIndex: 1, modifyIndex: 1 };

function query(id: string, body: Record<string, unknown>): PreparedQueryRecord {
  return { ...decode(queryDefinitionField, body, { what: 'query' }), id, ...revisions };
}

interface Instance {
  readonly on: string;
  readonly datacenter?: string;
  readonly status?: CheckRecord['status'];
  readonly record?: Partial<ServiceRecord>;
  readonly nodeMeta?: Record<string, string>;
}

/** A view with instances of `web`, each on its node with one check, and the given queries. */
function viewOf(instances: readonly Instance[], queries: readonly PreparedQueryRecord[]) {
  const nodes: NodeRecord[] = instances.map(({ on, datacenter = 'dc1', nodeMeta = {} }) => ({
    ...node(on),
    datacenter,
    meta: nodeMeta,
    ...revisions,
  }));
  const services: ServiceRecord[] = instances.map(({ on, record }) => ({
    ...service(on, 'web', record),
    ...revisions,
  }));
  const checks: CheckRecord[] = instances.map(({ on, status = 'passing' }) => ({
    ...check(on, 'c', { serviceId: 'web', serviceName: 'web', status }),
    ...revisions,
  }));
  return plainView({ nodes, services, checks, 'prepared-queries': queries });
}

const ask = (view: ReturnType<typeof viewOf>, name: string, connect = false): QueryAnswer =>
  view.cell(queryAnswerCell, queryKey({ query: name, datacenter: 'dc1', connect }));

const on = (answer: QueryAnswer): string[] =>
  answer.type === 'found' ? answer.instances.map((instance) => instance.node.node) : [answer.type];

const web = (service: Record<string, unknown> = {}) =>
  query('q', { Name: 'q', Service: { Service: 'web', ...service } });

describe('what a prepared query finds', () => {
  test('is what is not critical, and with OnlyPassing only what passes', () => {
    const instances: Instance[] = [{ on: 'a' }, { on: 'b', status: 'warning' }, { on: 'c', status: 'critical' }];
    expect(on(ask(viewOf(instances, [web()]), 'q'))).toEqual(['a', 'b']);
    expect(on(ask(viewOf(instances, [web({ OnlyPassing: true })]), 'q'))).toEqual(['a']);
  });

  test('does not look at checks it ignores, and does not show them', () => {
    const answer = ask(viewOf([{ on: 'a', status: 'critical' }], [web({ IgnoreCheckIDs: ['c'] })]), 'q');
    expect(answer.type === 'found' && answer.instances.map(({ checks }) => checks)).toEqual([[]]);
  });

  test('has all wanted tags and none of the unwanted, whatever their case', () => {
    const instances: Instance[] = [
      { on: 'a', record: { tags: ['V1', 'blue'] } },
      { on: 'b', record: { tags: ['v1'] } },
      { on: 'c', record: { tags: ['v2'] } },
    ];
    expect(on(ask(viewOf(instances, [web({ Tags: ['v1', '!BLUE'] })]), 'q'))).toEqual(['b']);
  });

  test('has the wanted metadata of node and service', () => {
    const instances: Instance[] = [
      { on: 'a', nodeMeta: { zone: 'odd' }, record: { meta: { env: 'prod' } } },
      { on: 'b', nodeMeta: { zone: 'odd' } },
      { on: 'c', record: { meta: { env: 'prod' } } },
    ];
    const wanted = { NodeMeta: { zone: 'odd' }, ServiceMeta: { env: 'prod' } };
    expect(on(ask(viewOf(instances, [web(wanted)]), 'q'))).toEqual(['a']);
  });

  test('are mesh endpoints when it is asked for them, or asks for them itself', () => {
    const native: Partial<ServiceRecord> = { connect: { native: true } };
    const view = viewOf([{ on: 'a', record: native }, { on: 'b' }], [web()]);
    expect(on(ask(view, 'q', true))).toEqual(['a']);
    expect(on(ask(viewOf([{ on: 'a', record: native }, { on: 'b' }], [web({ Connect: true })]), 'q'))).toEqual(['a']);
  });

  test('are those of the first other place in order that has some, when there are none here', () => {
    const instances: Instance[] = [
      { on: 'a', status: 'critical' },
      { on: 'b', datacenter: 'dc3' },
      { on: 'c', datacenter: 'dc2', status: 'critical' },
    ];
    const view = viewOf(instances, [web({ Failover: { Datacenters: ['dc1', 'dc2', 'dc9', 'dc3'] } })]);
    const answer = ask(view, 'q');
    expect(on(answer)).toEqual(['b']);
    expect(answer).toMatchObject({ datacenter: 'dc3', failovers: 2 });
    expect(ask(viewOf([{ on: 'a' }], [web({ Failover: { Datacenters: ['dc2'] } })]), 'q')).toMatchObject({
      datacenter: 'dc1',
      failovers: 0,
    });
  });

  test('is nothing at a peer, from which nothing is imported', () => {
    const targets = [{ Peer: 'east' }];
    const answer = ask(viewOf([{ on: 'a', status: 'critical' }], [web({ Failover: { Targets: targets } })]), 'q');
    expect(answer).toMatchObject({ type: 'found', instances: [], peer: 'east', failovers: 1 });
  });
});

describe('a prepared query is found', () => {
  const template = (id: string, prefix: string, more: Record<string, unknown> = {}) =>
    query(id, {
      Name: prefix,
      Template: { Type: 'name_prefix_match', ...more },
      Service: { Service: '${name.suffix}', Tags: ['${match(1)}', '${name.full}'] },
    });
  const view = viewOf(
    [],
    [
      query('11111111-0000-4000-8000-000000000000', { Name: 'Web', Service: { Service: 'web' } }),
      template('22222222-0000-4000-8000-000000000000', ''),
      template('33333333-0000-4000-8000-000000000000', 'geo-', { Regexp: '^geo-(\\w+)-' }),
    ],
  );

  test('by id and by name, in any case', () => {
    expect(findQuery(view, 'WEB')).toMatchObject({ type: 'found', query: { name: 'Web' } });
    expect(findQuery(view, '11111111-0000-4000-8000-000000000000')).toMatchObject({ type: 'found' });
  });

  test('by the longest prefix among templates, filled in', () => {
    expect(findQuery(view, 'geo-eu-db')).toMatchObject({
      service: { service: 'eu-db', tags: ['eu', 'geo-eu-db'] },
    });
    expect(findQuery(view, 'other')).toMatchObject({ service: { service: 'other', tags: ['', 'other'] } });
  });

  test('without empty tags when the template says so', () => {
    const removing = template('q', '', { RemoveEmptyTags: true });
    expect(findQuery(viewOf([], [removing]), 'x')).toMatchObject({ service: { tags: ['x'] } });
  });

  test('not by the id of a template, which has no name to fill in', () => {
    const found = findQuery(view, '22222222-0000-4000-8000-000000000000');
    expect(found).toEqual({
      type: 'unusable',
      problem: 'prepared query templates can only be resolved by name, not by ID',
    });
    expect(findQuery(viewOf([], []), 'x')).toEqual({ type: 'none' });
  });
});
