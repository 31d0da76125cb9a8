// A small DNS client: builds a query, parses an answer, over UDP or TCP.
import dgram from 'node:dgram';
import net from 'node:net';

const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  AXFR: 252,
  ANY: 255,
};
const NAMES = Object.fromEntries(Object.entries(TYPES).map(([k, v]) => [v, k]));
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

function encodeName(name) {
  const parts = [];
  for (const label of name.replace(/\.$/, '').split('.').filter(Boolean)) {
    const b = Buffer.from(label, 'latin1');
    parts.push(Buffer.from([b.length]), b);
  }
  parts.push(Buffer.from([0]));
  return Buffer.concat(parts);
}

export function buildQuery({ name, type = 'A', edns, rd = true, subnet }, id) {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(rd ? 0x0100 : 0, 2);
  head.writeUInt16BE(1, 4);
  const q = Buffer.alloc(4);
  q.writeUInt16BE(TYPES[type] ?? Number(type), 0);
  q.writeUInt16BE(1, 2);
  const out = [head, encodeName(name), q];
  if (edns || subnet) {
    head.writeUInt16BE(1, 10);
    let data = Buffer.alloc(0);
    if (subnet) {
      const [ip, bits] = subnet.split('/');
      const octets = ip
        .split('.')
        .map(Number)
        .slice(0, Math.ceil(Number(bits) / 8));
      data = Buffer.from([0, 8, 0, 4 + octets.length, 0, 1, Number(bits), 0, ...octets]);
    }
    const opt = Buffer.alloc(11);
    opt.writeUInt16BE(41, 1);
    opt.writeUInt16BE(edns || 1232, 3);
    opt.writeUInt16BE(data.length, 9);
    out.push(opt, data);
  }
  return Buffer.concat(out);
}

function readName(buf, off) {
  const labels = [];
  let end = -1,
    hops = 0;
  for (;;) {
    const len = buf[off];
    if (len === undefined) throw new Error('name runs past the end');
    if (len === 0) {
      if (end < 0) end = off + 1;
      break;
    }
    if ((len & 0xc0) === 0xc0) {
      if (end < 0) end = off + 2;
      off = ((len & 0x3f) << 8) | buf[off + 1];
      if (++hops > 50) throw new Error('compression loop');
      continue;
    }
    labels.push(buf.toString('latin1', off + 1, off + 1 + len));
    off += 1 + len;
  }
  return [labels.join('.') + '.', end];
}

function readRecord(buf, off) {
  let name;
  [name, off] = readName(buf, off);
  const type = buf.readUInt16BE(off),
    cls = buf.readUInt16BE(off + 2),
    ttl = buf.readUInt32BE(off + 4),
    len = buf.readUInt16BE(off + 8);
  off += 10;
  const end = off + len;
  const kind = NAMES[type] ?? String(type);
  if (kind === 'OPT') return [{ type: 'OPT', size: cls, data: buf.toString('hex', off, end) }, end];
  let data;
  if (kind === 'A') data = [...buf.subarray(off, end)].join('.');
  else if (kind === 'AAAA')
    data = Array.from({ length: 8 }, (_, i) => buf.readUInt16BE(off + 2 * i).toString(16)).join(':');
  else if (kind === 'NS' || kind === 'CNAME' || kind === 'PTR') data = readName(buf, off)[0];
  else if (kind === 'SRV')
    data = `${buf.readUInt16BE(off)} ${buf.readUInt16BE(off + 2)} ${buf.readUInt16BE(off + 4)} ${readName(buf, off + 6)[0]}`;
  else if (kind === 'TXT') {
    const out = [];
    for (let p = off; p < end; p += 1 + buf[p]) out.push(buf.toString('utf8', p + 1, p + 1 + buf[p]));
    data = out.map((s) => JSON.stringify(s)).join(' ');
  } else if (kind === 'SOA') {
    const [mname, p] = readName(buf, off);
    const [rname, r] = readName(buf, p);
    data = `${mname} ${rname} <serial> ${buf.readUInt32BE(r + 4)} ${buf.readUInt32BE(r + 8)} ${buf.readUInt32BE(r + 12)} ${buf.readUInt32BE(r + 16)}`;
  } else data = buf.toString('hex', off, end);
  return [{ name, type: kind, ttl, data }, end];
}

export function parseAnswer(buf) {
  const flags = buf.readUInt16BE(2);
  const out = {
    rcode: RCODES[flags & 15] ?? String(flags & 15),
    aa: !!(flags & 0x0400),
    tc: !!(flags & 0x0200),
    rd: !!(flags & 0x0100),
    ra: !!(flags & 0x0080),
    question: [],
    answer: [],
    authority: [],
    additional: [],
  };
  let off = 12;
  for (let i = 0; i < buf.readUInt16BE(4); i++) {
    const [name, p] = readName(buf, off);
    out.question.push(`${name} ${NAMES[buf.readUInt16BE(p)] ?? buf.readUInt16BE(p)}`);
    off = p + 4;
  }
  for (const [section, at] of [
    ['answer', 6],
    ['authority', 8],
    ['additional', 10],
  ]) {
    for (let i = 0; i < buf.readUInt16BE(at); i++) {
      let r;
      [r, off] = readRecord(buf, off);
      out[section].push(r);
    }
  }
  return out;
}

export function ask(q, { host, port, timeout = 4000 }) {
  const id = Math.floor(Math.random() * 65536);
  const packet = buildQuery(q, id);
  return new Promise((resolve) => {
    const timer = setTimeout(() => done({ error: 'no answer' }), timeout);
    let socket;
    const done = (v) => {
      clearTimeout(timer);
      try {
        if (q.tcp) socket.destroy();
        else socket.close();
      } catch {
        // It was never open.
      }
      resolve(v);
    };
    const got = (buf) => {
      try {
        done({ ...parseAnswer(buf), size: buf.length });
      } catch (e) {
        done({ error: `cannot parse: ${e.message}` });
      }
    };
    if (q.tcp) {
      socket = net.connect(port, host, () => {
        const len = Buffer.alloc(2);
        len.writeUInt16BE(packet.length);
        socket.write(Buffer.concat([len, packet]));
      });
      let all = Buffer.alloc(0);
      socket.on('data', (d) => {
        all = Buffer.concat([all, d]);
        if (all.length >= 2 && all.length >= 2 + all.readUInt16BE(0)) got(all.subarray(2, 2 + all.readUInt16BE(0)));
      });
      socket.on('error', (e) => done({ error: e.code }));
      socket.on('close', () => done({ error: 'closed' }));
    } else {
      socket = dgram.createSocket('udp4');
      socket.on('message', (b) => {
        if (b.length > 12 && b.readUInt16BE(0) === id) got(b);
      });
      socket.on('error', (e) => done({ error: e.code }));
      socket.send(packet, port, host);
    }
  });
}
