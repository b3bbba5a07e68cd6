import type { IncomingMessage } from 'node:http';

/** What a request to S3 is, by the names of S3's own reference. */
export type Operation =
  | 'ListBuckets'
  | 'CreateBucket'
  | 'HeadBucket'
  | 'DeleteBucket'
  | 'ListObjects'
  | 'ListMultipartUploads'
  | 'HeadObject'
  | 'GetObject'
  | 'PutObject'
  | 'CopyObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'other';

export interface SeenRequest {
  readonly operation: Operation;
  readonly bucket: string;
  /** Decoded. */
  readonly key: string;
}

/** For path-style requests. */
export function seenRequest({ method = '', url = '/', headers }: IncomingMessage): SeenRequest {
  const [path = '', query = ''] = url.split('?', 2);
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/.exec(path) ?? [];
  const parameters = new URLSearchParams(query);
  const about = key === '' ? (bucket === '' ? 'service' : 'bucket') : 'object';
  const operation = operationOf(method, about, parameters, headers['x-amz-copy-source'] !== undefined);
  return { operation, bucket, key: decodeURIComponent(key) };
}

function operationOf(
  method: string,
  about: 'service' | 'bucket' | 'object',
  query: URLSearchParams,
  copies: boolean,
): Operation {
  if (about === 'service') return method === 'GET' ? 'ListBuckets' : 'other';
  if (query.has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : 'ListMultipartUploads';
  if (about === 'bucket') {
    const ofBucket: Record<string, Operation> = {
      PUT: 'CreateBucket',
      HEAD: 'HeadBucket',
      GET: 'ListObjects',
      DELETE: 'DeleteBucket',
    };
    return ofBucket[method] ?? 'other';
  }
  const ofUpload: Record<string, Operation> = {
    PUT: 'UploadPart',
    GET: 'ListParts',
    POST: 'CompleteMultipartUpload',
    DELETE: 'AbortMultipartUpload',
  };
  const ofObject: Record<string, Operation> = {
    HEAD: 'HeadObject',
    GET: 'GetObject',
    PUT: copies ? 'CopyObject' : 'PutObject',
    DELETE: 'DeleteObject',
  };
  return (query.has('uploadId') ? ofUpload : ofObject)[method] ?? 'other';
}
