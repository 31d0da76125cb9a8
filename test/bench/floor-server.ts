import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { typeUrls } from '../support/fake-envoy/index.js';
import { field } from '../support/fake-envoy/proto.js';
import { answerQuestions } from './child.js';

/**
 * The floor: bare grpc-js that writes ready-made bytes to every stream, fifty a turn, and throws the answers away. It answers the
 * first requests with empty responses, so that the same fake Envoys connect to it.
 */

type Call = ServerDuplexStream<Buffer, Buffer>;
const raw = (bytes: Buffer): Buffer => bytes;
const PER_TURN = 50;
const calls = new Set<Call>();
let received = 0;

const empty = (typeUrl: string): Buffer => Buffer.concat([field(1, '1'), field(4, typeUrl), field(5, '00000001')]);
const aboutClusters = empty(typeUrls.cluster);
const aboutListeners = empty(typeUrls.listener);

function serve(call: Call): void {
  calls.add(call);
  let answered = 0;
  call.on('data', (message: Buffer) => {
    received++;
    if (answered === 0) {
      answered = 1;
      call.write(aboutClusters);
    } else if (answered === 1 && message.includes(typeUrls.listener)) {
      answered = 2;
      call.write(aboutListeners);
    }
  });
  call.on('error', () => undefined);
  call.on('cancelled', () => calls.delete(call));
  call.on('end', () => call.end());
}

const method = {
  path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
  requestStream: true,
  responseStream: true,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
};

answerQuestions(async (question) => {
  if (question.op === 'listen') {
    const server = new Server();
    server.addService({ Delta: method }, { Delta: serve });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    return { port };
  }
  if (question.op === 'cast') {
    const head = Buffer.concat([field(1, '2'), field(4, String(question.typeUrl)), field(5, '00000002')]);
    const padding = Math.max(0, (question.bytes as number) - 5 - head.length - 4);
    const message = Buffer.concat([head, field(2, Buffer.alloc(padding, 1))]);
    const from = process.hrtime.bigint();
    const all = [...calls];
    await new Promise<void>((resolve) => {
      const turn = (start: number) => {
        for (const call of all.slice(start, start + PER_TURN)) call.write(message);
        if (start + PER_TURN < all.length) setImmediate(turn, start + PER_TURN);
        else resolve();
      };
      turn(0);
    });
    return { from: String(from) };
  }
  if (question.op === 'received') return { received };
  throw new Error(`unknown question ${String(question.op)}`);
});
