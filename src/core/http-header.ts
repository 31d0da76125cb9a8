const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/** Whether this can be the name of an HTTP header, or a method: a token of RFC 9110. */
export function isHeaderName(text: string): boolean {
  return NAME.test(text);
}

/** Whether an HTTP header can carry this text as it is: Latin-1 without control characters but the tab. */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text);
}
