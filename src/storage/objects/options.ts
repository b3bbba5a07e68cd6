import type { Patience } from './s3/patience.ts';

export interface ObjectStoreOptions {
  /** How long a request is repeated; for tests. */
  readonly patience?: Partial<Patience>;
  /**
   * Variables for region, proxies and certificates. The chain of credentials reads those of this process, whatever is
   * given here. Default: those of this process.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}
