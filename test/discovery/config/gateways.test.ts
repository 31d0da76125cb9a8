import { beforeEach, describe, expect, it } from 'vitest';
import {
  configEntryListKey,
  deleteConfigEntry,
  encodeShownEntry,
  shownEntryCell,
  shownEntryListCell,
} from '../../../src/discovery/config/index.js';
import { registerInCatalog, toRegistration, registrationField } from '../../../src/discovery/catalog/index.js';
import { ingressHealthCell } from '../../../src/discovery/health/index.js';
import { configEntryKey } from '../../../src/model/index.js';
import { decode } from '../../../src/model/wire/index.js';
import type { StateStore } from '../../../src/state/index.js';
import { makeCertificate } from '../../support/server-certificates.js';
import { openStore, put } from './entry-store.js';

const http = (Name: string) => ({ Kind: 'service-defaults', Name, Protocol: 'http' });
const ingress = (Protocol: string, Name = 'web') => ({
  Kind: 'ingress-gateway',
  Name: 'in',
  Listeners: [{ Port: 80, Protocol, Services: [{ Name }] }],
});
const gateway = {
  Kind: 'api-gateway',
  Name: 'gw',
  Listeners: [{ Name: 'l', Port: 443, Protocol: 'http', TLS: { Certificates: [{ Name: 'c' }] } }],
};
const route = {
  Kind: 'http-route',
  Name: 'r',
  Parents: [{ Name: 'gw' }],
  Rules: [{ Services: [{ Name: 'web' }] }],
};

describe('entries of gateways', () => {
  let store: StateStore;
  const shown = (kind: string, name: string): Record<string, unknown> => {
    const { value } = store.read(shownEntryCell, configEntryKey(kind, name));
    return value ? encodeShownEntry(value) : {};
  };
  const statusOf = (kind: string, name: string): readonly (readonly [string, string, string])[] => {
    const { Conditions } = shown(kind, name)['Status'] as {
      Conditions: readonly { Type: string; Status: string; LastTransitionTime: string }[];
    };
    return Conditions.map(({ Type, Status, LastTransitionTime }) => [Type, Status, LastTransitionTime]);
  };

  beforeEach(async () => {
    store = await openStore();
  });

  it('cannot be of an ingress and a terminating gateway of one name', async () => {
    await put(store, { Kind: 'terminating-gateway', Name: 'in', Services: [] });
    await expect(put(store, ingress('tcp'))).rejects.toThrow('with that name already exists');
  });

  it('cannot expose a service on a listener that speaks otherwise', async () => {
    await put(store, http('web'));
    await expect(put(store, ingress('grpc'))).rejects.toThrow('does not match defined listener protocol "grpc"');
    await put(store, ingress('http'));
    await expect(put(store, { ...http('web'), Protocol: 'grpc' })).rejects.toThrow(
      'ingress-gateway/in Listeners[0].Services[0]: ',
    );
    await expect(deleteConfigEntry(store, 'service-defaults', 'web')).rejects.toThrow('does not match');
  });

  it('let a service behind a tcp listener begin to speak http until something is routed', async () => {
    await put(store, ingress('tcp'));
    await put(store, http('web'));
    await expect(put(store, { Kind: 'service-router', Name: 'web', Routes: [] })).rejects.toThrow(
      'listener protocol "tcp"',
    );
  });

  it('never show a private key, and keep it when what was read is written back', async () => {
    const { certificate, key } = await makeCertificate(['a.example']);
    const body = { Kind: 'inline-certificate', Name: 'c', Certificate: certificate, PrivateKey: key };
    await expect(put(store, { ...body, PrivateKey: '' })).rejects.toThrow('PrivateKey is required');
    await put(store, body);
    expect(shown('inline-certificate', 'c')).toMatchObject({ Certificate: certificate, PrivateKey: '' });
    const all = store.read(shownEntryListCell, configEntryListKey()).value.map(encodeShownEntry);
    expect(JSON.stringify(all, (_name, value: unknown) => (typeof value === 'bigint' ? '' : value))).not.toContain(
      'PRIVATE',
    );
    await put(store, { ...body, PrivateKey: '', Meta: { a: 'b' } });
    expect(store.view.get('certificate-keys', 'c')?.privateKeyPem).toBe(key);
    const other = await makeCertificate(['a.example']);
    await expect(put(store, { ...body, Certificate: other.certificate, PrivateKey: '' })).rejects.toThrow(
      'does not match',
    );
    await deleteConfigEntry(store, 'inline-certificate', 'c');
    expect(store.view.get('certificate-keys', 'c')).toBeUndefined();
  });

  it('show conditions that follow from other entries, with the time of the write that brought them', async () => {
    await put(store, http('web'));
    await put(store, gateway);
    await put(store, route);
    const before = statusOf('api-gateway', 'gw');
    expect(before.map(([type, status]) => `${type} ${status}`)).toEqual([
      'Accepted False',
      'Conflicted False',
      'ResolvedRefs False',
    ]);
    const { certificate, key } = await makeCertificate(['a.example']);
    const cell = store.query(shownEntryCell, configEntryKey('api-gateway', 'gw'), {
      index: store.read(shownEntryCell, configEntryKey('api-gateway', 'gw')).index,
      waitMs: 60_000,
    });
    await put(store, { Kind: 'inline-certificate', Name: 'c', Certificate: certificate, PrivateKey: key });
    expect((await cell).index).toBe(store.index);
    const after = statusOf('api-gateway', 'gw');
    expect(after.map(([type, status]) => `${type} ${status}`)).toEqual([
      'Accepted True',
      'Conflicted False',
      'ResolvedRefs True',
    ]);
    expect(after[1]?.[2]).toBe(before[1]?.[2]);
    expect(Date.parse(after[0]?.[2] ?? '')).toBeGreaterThanOrEqual(Date.parse(before[0]?.[2] ?? ''));
    await put(store, { ...http('web'), Protocol: 'tcp' });
    expect(statusOf('http-route', 'r')[0]?.[1]).toBe('False');
    expect(shown('bound-api-gateway', 'gw')).toMatchObject({
      Kind: 'bound-api-gateway',
      Listeners: [{ Routes: null }],
    });
  });

  it('are forgotten with their times', async () => {
    await put(store, gateway);
    await deleteConfigEntry(store, 'api-gateway', 'gw');
    expect(store.view.get('condition-times', configEntryKey('api-gateway', 'gw'))).toBeUndefined();
    expect(shown('bound-api-gateway', 'gw')).toEqual({});
  });

  it('cannot be written for what the server makes', async () => {
    await expect(put(store, { Kind: 'bound-api-gateway', Name: 'gw' })).rejects.toThrow('Permission denied');
  });

  it('lead from a service to the instances of the ingress gateways that expose it', async () => {
    const register = (Node: string, Service: object) =>
      registerInCatalog(
        store,
        toRegistration(decode(registrationField, { Node, Address: '10.0.0.1', Service }, { what: 'invalid' }), 'dc1'),
      );
    await register('n1', { Service: 'in', Kind: 'ingress-gateway', Port: 8080 });
    await register('n1', { Service: 'web', Port: 80 });
    expect(store.read(ingressHealthCell, 'web').value).toEqual([]);
    await put(store, http('web'));
    await put(store, ingress('http', '*'));
    expect(store.read(ingressHealthCell, 'web').value.map(({ service }) => service.id)).toEqual(['in']);
    expect(store.read(ingressHealthCell, 'ghost').value).toEqual([]);
  });
});
