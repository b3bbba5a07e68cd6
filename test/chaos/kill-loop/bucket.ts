import { createHash } from 'node:crypto';
import type { ObjectLocation, S3Settings } from '../../../src/domain/object-location.ts';
import { openObjectStore } from '../../../src/storage/objects/registry.ts';

/** What a bucket holds when a run is over. */
export interface BucketFacts {
  /** SHA-256 of each object by its key, without what is ours. */
  readonly objects: Readonly<Record<string, string>>;
  readonly openUploads: readonly string[];
  readonly manifests: readonly string[];
}

export async function lookInto(settings: S3Settings, bucket: string): Promise<BucketFacts> {
  const store = openObjectStore(settings);
  const root: ObjectLocation = { store: 's3', bucket, key: '' };
  const objects: Record<string, string> = {};
  const manifests: string[] = [];
  try {
    for await (const { at } of store.list(root)) {
      if (at.key.startsWith('.konverge/manifests/')) manifests.push(at.key);
      // A benchmark would differ in each run; there is none in this workflow.
      if (at.key.startsWith('.konverge/')) continue;
      const hash = createHash('sha256');
      for await (const chunk of (await store.read(at)).body) hash.update(chunk);
      objects[at.key] = hash.digest('hex');
    }
    const uploads = await Array.fromAsync(store.listUploads(root), ({ at }) => at.key);
    return { objects, openUploads: uploads, manifests };
  } finally {
    store.close();
  }
}
