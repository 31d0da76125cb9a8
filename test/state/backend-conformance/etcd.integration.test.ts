import { afterAll, beforeAll, describe } from 'vitest';
import { createEtcdBackend } from '../../../src/state/backend/etcd/index.js';
import type { Backend } from '../../../src/state/index.js';
import {
  anyEtcd,
  currentEtcd,
  type EtcdBinary,
  packagedEtcd,
  type RunningEtcd,
  startEtcd,
} from '../../support/etcd/index.js';
import { describeBackend } from './suite.js';

const paths = new WeakMap<Backend, string>();
let servers = 0;

function describeEtcd(binary: EtcdBinary): void {
  describe(`etcd ${binary.version}`, () => {
    let etcd: RunningEtcd;
    beforeAll(async () => {
      etcd = await startEtcd({ binary, flags: ['--unsafe-no-fsync'] });
    });
    afterAll(() => etcd.stop());

    const open = async (prefix: string): Promise<Backend> => {
      servers += 1;
      const backend = createEtcdBackend({
        connection: { endpoints: etcd.endpoints },
        prefix,
        server: `server-${servers}`,
        allowOldEtcd: true,
      });
      paths.set(backend, prefix);
      await backend.open();
      return backend;
    };

    describeBackend('etcd', {
      isShared: true,
      open: () => open(`test-${servers}`),
      reopen: async (previous) => {
        await previous.close();
        return open(paths.get(previous) as string);
      },
      compact: async () => {
        const client = etcd.client();
        const { header } = await client.range({ key: Buffer.from('x') });
        await client.compact(Number(header.revision));
      },
    });
  });
}

const binaries = [currentEtcd(), packagedEtcd() ?? anyEtcd()].filter((binary) => binary !== undefined);
for (const binary of binaries) describeEtcd(binary);
if (binaries.length === 0)
  describe('etcd', () => {
    beforeAll(() => {
      throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
    });
  });
