import type { CaRootRecord, Cell } from '../../model/index.js';

/** The roots with the trust domain they stand for. */
export interface CaRoots {
  /** UUID; empty before the first root is made. */
  readonly clusterId: string;
  readonly roots: readonly CaRootRecord[];
}

/** Every root, the active one and those still trusted. Key: ''. */
export const caRootsCell: Cell<CaRoots> = {
  kind: 'ca-roots',
  compute: (view) => ({
    clusterId: view.get('ca-config', 'config')?.clusterId ?? '',
    roots: view.range('ca-roots', 'all', []),
  }),
};

/** The roots as `connect/ca/roots` shows them (consul-behaviour.md 1.8); a serial number is cut to 64 bits. */
export function encodeCaRoots({ clusterId, roots }: CaRoots): Record<string, unknown> {
  return {
    ActiveRootID: roots.find(({ active }) => active)?.id ?? '',
    TrustDomain: clusterId === '' ? '' : `${clusterId}.consul`,
    Roots: roots.map((root) => ({
      ID: root.id,
      Name: root.name,
      SerialNumber: serialNumber(root.serialNumber),
      SigningKeyID: root.signingKeyId,
      ExternalTrustDomain: clusterId,
      NotBefore: root.notBefore,
      NotAfter: root.notAfter,
      RootCert: root.rootCertPem,
      IntermediateCerts: root.intermediatePems.length === 0 ? null : root.intermediatePems,
      Active: root.active,
      PrivateKeyType: root.privateKeyType,
      PrivateKeyBits: root.privateKeyBits,
      CreateIndex: root.createIndex,
      ModifyIndex: root.modifyIndex,
    })),
  };
}

/** All certificates a client must trust, one after the other. */
export function rootsPem({ roots }: CaRoots): string {
  return roots.map((root) => root.rootCertPem.trimEnd() + '\n').join('');
}

function serialNumber(hex: string): number | bigint {
  const value = BigInt.asUintN(64, BigInt(`0x${hex}`));
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
