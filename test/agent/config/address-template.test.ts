import type { NetworkInterfaceInfo } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandAddress, type HostNetwork } from '../../../src/agent/config/address-template.js';
import { AppError } from '../../../src/core/index.js';

const info = (address: string, bits: number, internal = false): NetworkInterfaceInfo =>
  ({
    address,
    family: address.includes(':') ? 'IPv6' : 'IPv4',
    cidr: `${address}/${bits}`,
    internal,
    mac: '',
    netmask: '',
  }) as NetworkInterfaceInfo;

const network: HostNetwork = {
  interfaces: {
    lo: [info('127.0.0.1', 8, true), info('::1', 128, true)],
    eth0: [info('10.0.0.5', 24), info('fe80::5', 64)],
    eth1: [info('192.168.7.5', 16), info('8.8.4.4', 24)],
  },
  defaultInterface: 'eth0',
};
const expand = (text: string): string => expandAddress('bind_addr', text, network);

describe('templates in addresses', () => {
  it.each([
    ['{{ GetPrivateIP }}', '10.0.0.5'],
    ['{{GetPrivateIP}}', '10.0.0.5'],
    ['{{ GetInterfaceIP "eth1" }}', '192.168.7.5'],
    ['{{ GetInterfaceIPs "eth0" }}', '10.0.0.5 fe80::5'],
    ['{{ GetAllInterfaces | include "type" "IPv4" | exclude "flags" "loopback" | attr "address" }}', '10.0.0.5'],
    ['{{ GetAllInterfaces | include "network" "192.168.0.0/16" | attr "address" }}', '192.168.7.5'],
    ['{{ GetAllInterfaces | include "name" "^eth1$" | include "rfc" "1918" | join "address" " " }}', '192.168.7.5'],
    ['{{ GetAllInterfaces | exclude "rfc" "6890" | attr "address" }}', '8.8.4.4'],
    ['{{ GetAllInterfaces | include "type" "IPv4" | sort "-address" | limit 1 | attr "name" }}', 'eth1'],
    [
      '{{ GetAllInterfaces | include "flags" "forwardable|up" | offset 1 | limit 1 | join "address" "," }}',
      '192.168.7.5',
    ],
    ['127.0.0.1 {{ GetPrivateIP }}', '127.0.0.1 10.0.0.5'],
    ['10.1.2.3', '10.1.2.3'],
  ])('%s gives %s', (text, address) => {
    expect(expand(text)).toBe(address);
  });

  it.each([
    ['{{ GetPublicIP }}', /no interface of this host fits/],
    ['{{ GetInterfaceIP "eth9" }}', /no interface "eth9"/],
    ['{{ GetAllInterfaces | math "address" "+1" }}', /"math" is not one of the functions that are known/],
    ['{{ include "type" "IPv4" }}', /needs a list of interfaces before it/],
    ['{{ GetAllInterfaces | include "colour" "red" }}', /not by "colour"/],
    ['{{ GetAllInterfaces | include "name" "(" }}', /bind_addr: template/],
    ['{{ constructor }}', /is not one of the functions/],
    ['{{ }}', /no interface of this host fits/],
  ])('%s is refused with the option and the template', (text, problem) => {
    expect(() => expand(text)).toThrow(problem);
    expect(() => expand(text)).toThrow(/^bind_addr: template/);
  });

  it('never fail otherwise than with a sentence, whatever is in them', () => {
    const part = fc.constantFrom(
      'GetAllInterfaces',
      'include',
      'sort',
      '|',
      '"',
      '"type"',
      '"IPv4"',
      ' ',
      'limit',
      '9',
      '-',
      '`',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        try {
          expand(`{{${parts.join(' ')}}}`);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
