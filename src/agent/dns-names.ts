import type { ServiceDefinition } from '../model/definitions/index.js';

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const LONGEST_LABEL = 63;

/** Why a service, or a tag of it, cannot be asked for by DNS; it is registered all the same (consul-behaviour 2.2). */
export function dnsProblems({ service, tags }: Pick<ServiceDefinition, 'service' | 'tags'>): readonly string[] {
  const unusable = tags.filter((tag) => labelProblem(tag) !== undefined);
  const ofName = labelProblem(service);
  return [
    ...(ofName === undefined ? [] : [`the service cannot be found by DNS: its name ${ofName}`]),
    ...(unusable.length === 0
      ? []
      : [`the service cannot be found by DNS under ${unusable.length} of its tags, which are no DNS labels`]),
  ];
}

function labelProblem(text: string): string | undefined {
  if (text.length > LONGEST_LABEL) return `has more than ${LONGEST_LABEL} characters`;
  return LABEL.test(text) ? undefined : 'has other characters than letters, digits and inner hyphens';
}
