import { encodeNode, FakeEnvoy, type FakeType, openRawStream, typeUrls } from '../support/fake-envoy/index.js';
import { answerQuestions } from './child.js';

/** Thousands of fake Envoys in a process of their own. */

const IN_FLIGHT = 256;
const NODE_BYTES = 60_000;

interface Member {
  readonly envoy: FakeEnvoy;
  /** Taken in at the time, applied when somebody needs to know: before a reconnect. */
  pending: Buffer[];
  /** When the last message of the round was answered, ns. */
  answeredAt: bigint;
}

let members: Member[] = [];
let armed: { readonly typeUrl: string; missing: Set<Member>; done: () => void } | undefined;
let messages = 0;
let bytes = 0;
let resources = 0;

/** Type URL and nonce of a delta response, without looking at its resources. */
function scan(message: Buffer): { typeUrl: string; nonce: string } {
  let position = 0;
  let typeUrl = '';
  let nonce = '';
  while (position < message.length) {
    const tag = message[position++] ?? 0;
    let length = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = message[position++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte >= 0x80);
    if (tag === 0x22) typeUrl = message.toString('latin1', position, position + length);
    else if (tag === 0x2a) nonce = message.toString('latin1', position, position + length);
    else if (tag === 0x12) resources++;
    position += length;
  }
  return { typeUrl, nonce };
}

function intercept(member: Member, message: Buffer, envoy: FakeEnvoy): boolean {
  messages++;
  bytes += message.length + 5;
  if (!armed) {
    scan(message);
    return false;
  }
  const { typeUrl, nonce } = scan(message);
  envoy.accept(typeUrl, nonce);
  member.answeredAt = process.hrtime.bigint();
  member.pending.push(message);
  if (typeUrl === armed.typeUrl && armed.missing.delete(member) && armed.missing.size === 0) armed.done();
  return true;
}

const settled = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const started = Date.now();
    const look = () => {
      const waiting = members.filter(({ envoy }) => !envoy.complete);
      if (waiting.length === 0) return resolve();
      const ended = waiting.find(({ envoy }) => envoy.ended)?.envoy.ended;
      if (ended) return reject(new Error(`a stream has ended: ${ended.code} ${ended.details}`));
      if (Date.now() - started > 120_000) return reject(new Error(`${waiting.length} proxies are not complete`));
      setTimeout(look, 5);
    };
    look();
  });

async function inWaves(run: (member: Member) => void): Promise<void> {
  for (let start = 0; start < members.length; start += IN_FLIGHT) {
    const wave = members.slice(start, start + IN_FLIGHT);
    for (const member of wave) run(member);
    const last = wave.at(-1);
    for (let turn = 0; last && !last.envoy.complete && turn < 2_000; turn++)
      await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await settled();
}

function resetCounters(): void {
  messages = 0;
  bytes = 0;
  resources = 0;
}

answerQuestions(async (question) => {
  if (question.op === 'connect') {
    const { port, ids, nodeNames, repeatNode } = question as unknown as {
      port: number;
      ids: string[];
      nodeNames: string[];
      repeatNode: boolean;
    };
    members = ids.map((id, number) => {
      const node = { id, cluster: 'web', nodeName: nodeNames[number] ?? '', version: [1, 40, 0] as const };
      const extensionBytes = repeatNode ? NODE_BYTES : 2_000;
      const member: Member = {
        pending: [],
        answeredAt: 0n,
        envoy: new FakeEnvoy({
          port,
          node,
          encodedNode: encodeNode({ ...node, extensionBytes }),
          repeatNode,
          quiet: true,
          open: openRawStream,
          intercept: (message, envoy) => intercept(member, message, envoy),
        }),
      };
      return member;
    });
    resetCounters();
    const started = process.hrtime.bigint();
    await inWaves(({ envoy }) => envoy.connect());
    return { ms: Number(process.hrtime.bigint() - started) / 1e6, messages, bytes, resources };
  }
  if (question.op === 'arm') {
    resetCounters();
    const all = new Promise<void>((resolve) => {
      armed = { typeUrl: typeUrls[question.type as FakeType], missing: new Set(members), done: resolve };
    });
    void all.then(() => process.send?.({ id: question.doneId }));
    return {};
  }
  if (question.op === 'collect') {
    armed = undefined;
    const from = BigInt(question.from as string);
    const latenciesMs = members.map(({ answeredAt }) => Number(answeredAt - from) / 1e6);
    return { latenciesMs, messages, bytes };
  }
  if (question.op === 'reconnect') {
    for (const member of members) {
      for (const message of member.pending) member.envoy.absorb(message);
      member.pending = [];
      member.envoy.disconnect();
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    resetCounters();
    const started = process.hrtime.bigint();
    await inWaves(({ envoy }) => envoy.connect());
    const ms = Number(process.hrtime.bigint() - started) / 1e6;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return { ms, messages, bytes, resources };
  }
  if (question.op === 'disconnect') {
    for (const { envoy } of members) envoy.disconnect();
    members = [];
    return {};
  }
  throw new Error(`unknown question ${String(question.op)}`);
});
