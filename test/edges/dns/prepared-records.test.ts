import { beforeEach, describe, expect, it } from 'vitest';
import { createPreparedRecords } from '../../../src/edges/dns/lookup/prepared-records.js';
import type { DnsInstance, IpAddress } from '../../../src/edges/dns/lookup/instance.js';
import type { LookupContext } from '../../../src/edges/dns/lookup/reply.js';
import { RECORD_TYPES } from '../../../src/edges/dns/message/index.js';
import { type TestDns, dnsConfig, shown, testDns } from './support/test-dns.js';

const web = (number: number, port = 80): object => ({
  Node: `n${number}`,
  Address: `10.0.0.${number}`,
  NodeMeta: { zone: 'a' },
  Service: { ID: `web-${number}`, Service: 'web', Port: port, ...(number % 2 ? { Address: `10.1.0.${number}` } : {}) },
});
const edns = { udpSize: 4096, version: 0, dnssecOk: false, options: [] };

describe('a question that is asked again', () => {
  let dns: TestDns;
  const told = async (question: string): Promise<string[]> => {
    const { answers, additionals } = await dns.ask(question, { edns });
    return [...answers, ...additionals].map((record) => `${shown(record)} ${record.ttlSeconds}`).sort();
  };

  beforeEach(async () => {
    dns = await testDns({ serviceTtlSeconds: { web: 7 } });
    for (const number of [1, 2, 3, 4]) await dns.register(web(number));
  });

  it.each(['web.service.consul A', 'web.service.consul SRV', 'web.service.consul ANY'])(
    '%s is answered with the same records',
    async (question) => {
      const first = await told(question);
      expect(first.length).toBeGreaterThanOrEqual(4);
      for (let times = 0; times < 5; times++) expect(await told(question)).toEqual(first);
    },
  );

  it('is answered in its own spelling', async () => {
    await told('web.service.consul SRV');
    expect(await told('WEB.Service.consul SRV')).toContain('WEB.Service.consul. SRV 1 1 80 n2.node.dc1.consul. 7');
  });

  it('is answered from the state of now', async () => {
    expect(await told('web.service.consul SRV')).toContain('web.service.consul. SRV 1 1 80 n2.node.dc1.consul. 7');
    await dns.register(web(2, 81));
    const after = await told('web.service.consul SRV');
    expect(after).toContain('web.service.consul. SRV 1 1 81 n2.node.dc1.consul. 7');
    expect(after.join()).not.toContain('80 n2.node');
  });
});

describe('records that were written before', () => {
  const address: IpAddress = { type: 'A', address: '10.0.0.1', hex: '0a000001' };
  const instance: DnsInstance = {
    ...{ node: 'n1', nodeLabels: 'n1.', address, isAtNode: true, port: 80, weight: 1 },
    ...{ isWarning: false, tags: [], nodeTexts: ['zone=a'] },
  };
  const context = (name: string, settings: LookupContext['settings']): LookupContext =>
    ({ settings, question: { name, type: RECORD_TYPES.SRV, class: 1 }, domain: 'consul.' }) as LookupContext;
  const settings = (datacenter: string) => ({ ...dnsConfig(), nodeName: 'n1', datacenter });

  it('are kept for the same question, and belong to no other', () => {
    const records = createPreparedRecords();
    const here = settings('dc1');
    const first = records.of(context('web.service.consul.', here), 0).srv(instance);
    expect(records.of(context('web.service.consul.', here), 0).srv(instance)).toBe(first);
    expect(records.of(context('web.service.consul.', here), 5).srv(instance).answer.ttlSeconds).toBe(5);
    expect(records.of(context('WEB.service.consul.', here), 0).srv(instance).answer.name).toBe('WEB.service.consul.');
  });

  it('are forgotten with the settings that they were written under', () => {
    const records = createPreparedRecords();
    expect(records.of(context('web.', settings('dc1')), 0).srv(instance).target).toBe('n1.node.dc1.consul.');
    expect(records.of(context('web.', settings('dc2')), 0).srv(instance).target).toBe('n1.node.dc2.consul.');
  });

  it('are forgotten when there are very many questions', () => {
    const records = createPreparedRecords();
    const here = settings('dc1');
    const first = records.of(context('web.', here), 0).srv(instance);
    for (let number = 0; number < 1_001; number++) records.of(context(`web${number}.`, here), 0);
    expect(records.of(context('web.', here), 0).srv(instance)).not.toBe(first);
  });
});
