import type { FakeType } from '../support/fake-envoy/index.js';

/** The changes that are measured, and the type of resource by which they reach every proxy. */
export const changeKinds = ['endpoint', 'intention', 'wildcard', 'split'] as const;
export type ChangeKind = (typeof changeKinds)[number];

export const typeOfChange: Readonly<Record<ChangeKind, FakeType>> = {
  endpoint: 'endpoint',
  intention: 'extension',
  /** An intention for every destination. */
  wildcard: 'extension',
  split: 'route',
};

/** Every proxy has this many upstreams; the first has `ENDPOINTS` instances and is the one that changes. */
export const UPSTREAMS = 20;
export const ENDPOINTS = 100;

export const isChangeKind = (text: string): text is ChangeKind => (changeKinds as readonly string[]).includes(text);
