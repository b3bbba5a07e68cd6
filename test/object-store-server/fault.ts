import type { Operation } from './operation.ts';

/** What goes wrong with a request on its way. Plain data, so that it can come from another process as JSON. */
export type Fault =
  /** The store is not asked; this is the answer. A `code` makes the body that S3 gives with an error. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly code?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is reset when so many bytes of the request's body have come; the store sees a broken request. */
  | { readonly kind: 'reset-request'; readonly afterBytes: number }
  /** The store does what it is asked for, but so many bytes of the answer's body later the connection is reset. */
  | { readonly kind: 'reset-answer'; readonly afterBytes: number }
  /** The connection is closed, politely, after so many bytes of the answer's body. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** The store does what it is asked for; the connection is reset instead of an answer. */
  | { readonly kind: 'lose-answer' }
  /** A byte of the request's body is changed. */
  | { readonly kind: 'corrupt' }
  | { readonly kind: 'delay'; readonly ms: number }
  /** Neither passed on nor answered, until the client gives up. */
  | { readonly kind: 'hold' }
  /** The store's answer tells another time than the store has. */
  | { readonly kind: 'clock'; readonly hours: number };

/** Which requests meet a fault: those that fit all that is given. */
export interface FaultRule {
  readonly fault: Fault;
  readonly operation?: Operation;
  /** A regular expression for the key. */
  readonly key?: string;
  /** So many of them pass first. Default: 0. */
  readonly skip?: number;
  /** So many meet it. Default: 1. `null`: all. */
  readonly times?: number | null;
}
