import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { iptablesScript } from '../../../src/cli/redirect/iptables.js';
import { nftablesScript } from '../../../src/cli/redirect/nftables.js';
import { type RedirectOptions, redirectPlan } from '../../../src/cli/redirect/redirect-plan.js';

const options = (more: Partial<RedirectOptions> = {}): RedirectOptions => ({
  proxyUid: '5678',
  inboundPort: 21_000,
  outboundPort: 15_001,
  excludeInboundPorts: [],
  excludeOutboundPorts: [],
  excludeOutboundCidrs: [],
  excludeUids: [],
  dnsIp: '',
  dnsPort: 0,
  ipv6: true,
  ...more,
});
const plan = (more: Partial<RedirectOptions> = {}) => redirectPlan(options(more));

const everything: Partial<RedirectOptions> = {
  excludeInboundPorts: ['22', '9000-9100'],
  excludeOutboundPorts: ['5432', '6000:6010'],
  excludeOutboundCidrs: ['10.0.0.0/8', '192.0.2.7', 'fd00::/8'],
  excludeUids: ['0', 'backup'],
  dnsIp: '10.0.0.2',
  dnsPort: 8600,
};

describe('rules for nftables', () => {
  test('redirect all TCP but that of the proxy and of the host to itself', () => {
    expect(nftablesScript(plan(), [4])).toBe(`add table ip meshwright_redirect
delete table ip meshwright_redirect
table ip meshwright_redirect {
  chain CONSUL_PROXY_IN_REDIRECT {
    meta l4proto tcp redirect to :21000
  }
  chain CONSUL_PROXY_INBOUND {
    jump CONSUL_PROXY_IN_REDIRECT
  }
  chain CONSUL_PROXY_REDIRECT {
    meta l4proto tcp redirect to :15001
  }
  chain CONSUL_PROXY_OUTPUT {
    meta skuid 5678 return
    ip daddr 127.0.0.1/32 return
    jump CONSUL_PROXY_REDIRECT
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
    tcp flags & (fin | syn | rst | ack) == syn jump CONSUL_PROXY_INBOUND
  }
  chain output {
    type nat hook output priority -100; policy accept;
    tcp flags & (fin | syn | rst | ack) == syn jump CONSUL_PROXY_OUTPUT
  }
}
`);
  });

  test('leave alone what is excluded, each family its own addresses, and send DNS elsewhere', () => {
    const script = nftablesScript(plan(everything), [4, 6]);
    const [ipv4 = '', ipv6 = ''] = script.split(/^(?=add table ip6)/m);
    for (const rule of [
      'tcp dport 22 return',
      'tcp dport 9000-9100 return',
      'tcp dport 5432 return',
      'tcp dport 6000-6010 return',
      'meta skuid backup return',
    ])
      expect([ipv4.includes(rule), ipv6.includes(rule)], rule).toEqual([true, true]);
    expect(ipv4).toContain('ip daddr 10.0.0.0/8 return\n    ip daddr 192.0.2.7 return');
    expect(ipv6).toContain('ip6 daddr ::1/128 return\n    ip6 daddr fd00::/8 return');
    expect(ipv4).toContain('meta l4proto udp dnat to 10.0.0.2:8600');
    expect(ipv6).not.toContain('dnat');
  });

  test('of a family that is to have none are taken away', () => {
    const script = nftablesScript(plan({ ipv6: false }), [4, 6]);
    expect(script.slice(script.indexOf('add table ip6'))).toBe(
      'add table ip6 meshwright_redirect\ndelete table ip6 meshwright_redirect\n',
    );
  });
});

describe('rules for iptables', () => {
  test('redirect all TCP but that of the proxy and of the host to itself', () => {
    expect(iptablesScript(plan(), 6, '')).toBe(`*nat
:CONSUL_PROXY_INBOUND - [0:0]
:CONSUL_PROXY_IN_REDIRECT - [0:0]
:CONSUL_PROXY_OUTPUT - [0:0]
:CONSUL_PROXY_REDIRECT - [0:0]
:CONSUL_DNS_REDIRECT - [0:0]
-A CONSUL_PROXY_IN_REDIRECT -p tcp -j REDIRECT --to-ports 21000
-A CONSUL_PROXY_INBOUND -p tcp -j CONSUL_PROXY_IN_REDIRECT
-A CONSUL_PROXY_REDIRECT -p tcp -j REDIRECT --to-ports 15001
-A CONSUL_PROXY_OUTPUT -m owner --uid-owner 5678 -j RETURN
-A CONSUL_PROXY_OUTPUT -d ::1/128 -j RETURN
-A CONSUL_PROXY_OUTPUT -j CONSUL_PROXY_REDIRECT
-A PREROUTING -p tcp --syn -j CONSUL_PROXY_INBOUND
-A OUTPUT -p tcp --syn -j CONSUL_PROXY_OUTPUT
COMMIT
`);
  });

  test('leave alone what is excluded, and send DNS elsewhere before anything else', () => {
    const rules = iptablesScript(plan(everything), 4, '').split('\n');
    expect(rules).toEqual(
      expect.arrayContaining([
        '-A CONSUL_PROXY_INBOUND -p tcp --dport 9000:9100 -j RETURN',
        '-A CONSUL_PROXY_OUTPUT -p tcp --dport 6000:6010 -j RETURN',
        '-A CONSUL_PROXY_OUTPUT -d 10.0.0.0/8 -j RETURN',
        '-A CONSUL_PROXY_OUTPUT -m owner --uid-owner backup -j RETURN',
        '-A CONSUL_DNS_REDIRECT -p udp -j DNAT --to-destination 10.0.0.2:8600',
      ]),
    );
    expect(rules.indexOf('-A OUTPUT -p udp --dport 53 -j CONSUL_DNS_REDIRECT')).toBeLessThan(
      rules.indexOf('-A OUTPUT -p tcp --syn -j CONSUL_PROXY_OUTPUT'),
    );
  });

  test('take the jumps of an earlier run away, and no others', () => {
    const saved = [
      '*nat',
      ':OUTPUT ACCEPT [0:0]',
      '-A PREROUTING -p tcp -j CONSUL_PROXY_INBOUND',
      '-A PREROUTING -p tcp -j DOCKER',
      '-A OUTPUT -p udp -m udp --dport 53 -j CONSUL_DNS_REDIRECT',
      '-A CONSUL_PROXY_INBOUND -p tcp -j CONSUL_PROXY_IN_REDIRECT',
      'COMMIT',
    ].join('\n');
    const deleted = iptablesScript(plan(), 4, saved)
      .split('\n')
      .filter((rule) => rule.startsWith('-D'));
    expect(deleted).toEqual([
      '-D PREROUTING -p tcp -j CONSUL_PROXY_INBOUND',
      '-D OUTPUT -p udp -m udp --dport 53 -j CONSUL_DNS_REDIRECT',
    ]);
    expect(iptablesScript(plan({ ipv6: false }), 6, saved).match(/^-A/m)).toBeNull();
  });
});

describe('what is given', () => {
  test.each<[Partial<RedirectOptions>, string]>([
    [{ proxyUid: '' }, '-proxy-uid: "" is not a user'],
    [{ proxyUid: '5678 accept' }, '-proxy-uid'],
    [{ excludeUids: ['a\n-F'] }, '-exclude-uid'],
    [{ inboundPort: 0 }, '-proxy-inbound-port: 0 is not a port'],
    [{ outboundPort: 70_000 }, '-proxy-outbound-port'],
    [{ excludeInboundPorts: ['http'] }, '-exclude-inbound-port: "http" is not a port'],
    [{ excludeOutboundPorts: ['9-8'] }, '-exclude-outbound-port'],
    [{ excludeOutboundCidrs: ['10.0.0.0/33'] }, '-exclude-outbound-cidr'],
    [{ excludeOutboundCidrs: ['10.0.0.0/8/8'] }, '-exclude-outbound-cidr'],
    [{ dnsIp: 'dns.example' }, '-consul-dns-ip: "dns.example" is not an IP address'],
  ])('%j is refused with the flag it came by', (more, sentence) => {
    expect(() => plan(more)).toThrow(sentence);
  });

  test('a DNS port alone means a server on this host, an address alone port 53', () => {
    expect(plan({ dnsPort: 8600 }).dns).toEqual({ family: 4, address: '127.0.0.1', port: 8600 });
    expect(plan({ dnsIp: 'fd00::53' }).dns).toEqual({ family: 6, address: 'fd00::53', port: 53 });
    expect(nftablesScript(plan({ dnsIp: 'fd00::53' }), [6])).toContain('dnat to [fd00::53]:53');
  });

  test('never brings in a rule of its own, whatever it is', () => {
    const odd = fc.oneof(fc.string(), fc.constantFrom('1; drop', '80 accept', '10.0.0.0/8\n}', '-j ACCEPT'));
    const given = fc.record({
      proxyUid: odd,
      excludeInboundPorts: fc.array(odd, { maxLength: 2 }),
      excludeOutboundCidrs: fc.array(odd, { maxLength: 2 }),
      excludeUids: fc.array(odd, { maxLength: 2 }),
      dnsIp: odd,
    });
    const known =
      /^(?:[{}]|chain \w+ \{|add table.*|delete table.*|table ip6? meshwright_redirect \{|type nat hook .*|(?:meta skuid|tcp dport|ip6? daddr) [\w.:/-]+ return|jump \w+|meta l4proto (?:tcp|udp) (?:redirect to :\d+|dnat to [\w.:[\]]+)|tcp flags & \(fin \| syn \| rst \| ack\) == syn jump \w+|(?:tcp|udp) dport 53 jump \w+|)$/;
    fc.assert(
      fc.property(given, (more) => {
        let script: string;
        try {
          script = nftablesScript(plan(more), [4, 6]);
        } catch {
          return;
        }
        for (const line of script.split('\n')) expect(line.trim()).toMatch(known);
      }),
    );
  });
});
