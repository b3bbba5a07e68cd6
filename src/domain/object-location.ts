/**
 * Where an object is: in which of the session's stores, and under which key there. In an S3 store `bucket` is a bucket and
 * `key` has no leading slash; in a directory store `bucket` is empty and `key` is an absolute path.
 */
export interface ObjectLocation {
  /** Name of a store of the session: the storage provider or its tag, or `driver`. */
  readonly store: string;
  readonly bucket: string;
  readonly key: string;
}

/** How a store is reached. It may hold credentials: it is kept in memory only, never stored, logged or shown. */
export type StoreSettings = S3Settings | DirectorySettings;

export interface S3Settings {
  readonly kind: 's3';
  /** Absent: AWS itself. */
  readonly endpointUrl?: string;
  readonly region?: string;
  /** Absent: the client's own chain (environment, profile, web identity, instance). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** `http://host/bucket/key` instead of `http://bucket.host/key`. Absent: path style wherever an endpoint is given. */
  readonly pathStyle?: boolean;
  /** Tries of one request before it counts as failed. Default: 5. */
  readonly retries?: number;
}

/** A directory that the agent sees: a file system storage provider, or the driver's own working directory. */
export interface DirectorySettings {
  readonly kind: 'directory';
}

/** The location for a person: as a workflow writes it. */
export function describeLocation({ bucket, key }: ObjectLocation): string {
  return bucket === '' ? key : `s3://${bucket}/${key}`;
}

/** In an agent's environment: certificates, in PEM, that a store's server may be signed by, besides those that Node knows. */
export const certificatesVariable = 'KONVERGE_CA_CERTIFICATES';
