import { posix } from 'node:path';
import type { ObjectLocation } from '../domain/object-location.ts';

const mebibyte = 1024 * 1024;
/** S3 allows 10,000 parts; the rest is room for a file that grew since it was planned. */
const maxParts = 9000;
const minPartBytes = 16 * mebibyte;

/** A range of bytes; `end` is behind its last byte. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** How a file is cut into parts for its upload. A file of 0 bytes has one part of 0 bytes. */
export function partsOf(sizeBytes: number): readonly ByteRange[] {
  const partBytes = Math.max(minPartBytes, Math.ceil(sizeBytes / maxParts / mebibyte) * mebibyte);
  const count = Math.max(1, Math.ceil(sizeBytes / partBytes));
  return cut(sizeBytes, count, partBytes);
}

const minSegmentBytes = 16 * mebibyte;
const maxSegments = 8;

/** How an object is cut for its download: few long ranges, since a range that ends early costs its connection. */
export function segmentsOf(sizeBytes: number): readonly ByteRange[] {
  const count = Math.min(maxSegments, Math.max(1, Math.floor(sizeBytes / minSegmentBytes)));
  return cut(sizeBytes, count, Math.ceil(sizeBytes / count));
}

function cut(sizeBytes: number, count: number, eachBytes: number): readonly ByteRange[] {
  return Array.from({ length: count }, (_, n) => ({
    begin: n * eachBytes,
    end: Math.min(sizeBytes, (n + 1) * eachBytes),
  }));
}

/** One string for one object. Several servers keep `a//b` and `a/b` in one place, so they are one key here. */
export function placeOf({ store, bucket, key }: ObjectLocation): string {
  return JSON.stringify([store, bucket, posix.normalize(`/${key}`).replace(/\/$/, '')]);
}

/** The prefix of everything in a directory. */
export function below(directory: ObjectLocation): ObjectLocation {
  return directory.key.endsWith('/') ? directory : { ...directory, key: `${directory.key}/` };
}

export function parentPrefix(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

/** Locations of one store and bucket that begin with one prefix. */
export interface LocationGroup<T> {
  readonly prefix: ObjectLocation;
  readonly members: readonly T[];
}

/** Groups by store, bucket and parent, so that one listing can answer for many keys. */
export function groupByParent<T>(items: readonly T[], at: (item: T) => ObjectLocation): readonly LocationGroup<T>[] {
  const groups = Map.groupBy(items, (item) => {
    const { store, bucket, key } = at(item);
    return JSON.stringify([store, bucket, parentPrefix(key)]);
  });
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    return [{ prefix: { ...at(first), key: parentPrefix(at(first).key) }, members }];
  });
}

/**
 * A few prefixes that cover all locations: as long as there are more than `limit`, the deepest lose their last segment.
 * Prefixes that another one covers are left out.
 */
export function coveringPrefixes(locations: readonly ObjectLocation[], limit: number): readonly ObjectLocation[] {
  const byBucket = Map.groupBy(locations, ({ store, bucket }) => JSON.stringify([store, bucket]));
  return [...byBucket.values()].flatMap((members) => {
    let prefixes = new Set(members.map(({ key }) => parentPrefix(key)));
    while (prefixes.size > limit) {
      const deepest = Math.max(...[...prefixes].map(depth));
      prefixes = new Set([...prefixes].map((prefix) => (depth(prefix) === deepest ? shorter(prefix) : prefix)));
    }
    const all = [...prefixes];
    return all
      .filter((prefix) => !all.some((other) => other !== prefix && prefix.startsWith(other)))
      .flatMap((key) => (members[0] ? [{ ...members[0], key }] : []));
  });
}

function depth(prefix: string): number {
  return prefix.split('/').length;
}

function shorter(prefix: string): string {
  return parentPrefix(prefix.replace(/\/$/, ''));
}
