/** What a demo service answers. */
export interface DemoAnswer {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  readonly path: string;
  readonly calls: readonly DemoCall[];
}

/** One call to an upstream. `status` is 0 when no answer came. */
export interface DemoCall {
  readonly to: string;
  readonly status: number;
  readonly ms: number;
  readonly answer?: DemoAnswer;
  readonly error?: string;
}
