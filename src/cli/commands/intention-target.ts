import { type AgentClient, segment } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';

const EXACT = '/v1/connect/intentions/exact';

/** Which intention the arguments of `get` and `delete` mean: an ID, or a source and a destination. */
export type IntentionTarget =
  | { readonly type: 'id'; readonly id: string }
  | { readonly type: 'pair'; readonly source: string; readonly destination: string };

/** Reads the arguments; a sentence when there are too few. */
export function intentionTarget(args: readonly string[]): IntentionTarget | string {
  const [first, second] = args;
  if (first === undefined) return 'Error: command requires exactly 1 or 2 arguments: an ID, or src and dst';
  return second === undefined ? { type: 'id', id: first } : { type: 'pair', source: first, destination: second };
}

/** Asks for the intention or deletes it. An `AgentError` says which one was not found. */
export async function callIntention(
  agent: AgentClient,
  method: 'GET' | 'DELETE',
  target: IntentionTarget,
): Promise<string> {
  const answer = await agent.request(
    target.type === 'id'
      ? { method, path: `/v1/connect/intentions/${segment(target.id)}` }
      : { method, path: EXACT, query: { source: target.source, destination: target.destination } },
  );
  if (answer.status === 200) return answer.body.toString();
  if (answer.status !== 404) throw AgentError.fromAnswer(answer.status, answer.body.toString());
  throw new AgentError(
    404,
    target.type === 'id'
      ? `Intention with ID "${target.id}" not found.`
      : `Intention with source "${target.source}" and destination "${target.destination}" not found.`,
  );
}
