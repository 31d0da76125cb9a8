const MAX_TAGS = 1_024;
const MAX_TEXT_LENGTH = 32_768;

/** What is wrong with the tags of a service: every check of it carries them all, so they are not boundless. */
export function tagsProblem(tags: readonly string[]): string | undefined {
  if (tags.length > MAX_TAGS) return `a service has at most ${MAX_TAGS} tags, not ${tags.length}`;
  const length = tags.reduce((sum, tag) => sum + tag.length, 0);
  return length > MAX_TEXT_LENGTH
    ? `the tags of a service have at most ${MAX_TEXT_LENGTH} characters, not ${length}`
    : undefined;
}
