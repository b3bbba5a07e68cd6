import type { StepId } from './brand.ts';
import type { ObjectLocation } from './object-location.ts';
import type { Usage } from './step.ts';

/**
 * What an attempt leaves behind when its command has succeeded and all of its outputs are in storage as open uploads: one
 * small object, written last. Whoever has it can complete the uploads, or abort them; without it nothing of the attempt was
 * ever visible.
 */
export interface CommitManifest {
  readonly version: 1;
  readonly step: StepId;
  /** Tells attempts of one step apart: of two manifests the core takes one. */
  readonly attempt: string;
  readonly objects: readonly PendingObject[];
  readonly directories: readonly PendingDirectory[];
  readonly usage: readonly Usage[];
  /** Modification time of the newest input, as storage tells it; no output may look older. */
  readonly newestInputMs?: number;
  readonly writtenAtMs: number;
}

/** An object that exists as an open upload only. */
export interface PendingObject {
  readonly at: ObjectLocation;
  readonly uploadId: string;
  readonly sizeBytes: number;
  /** In order, numbered from 1. Never empty: an object of 0 bytes has one part of 0 bytes. */
  readonly parts: readonly UploadedPart[];
  /**
   * Objects of a lower phase are completed first: what was made of another output may not look older than it, and a
   * directory's timestamp tells that the directory is whole.
   */
  readonly phase: number;
}

export interface UploadedPart {
  readonly number: number;
  /** As the store gave it, quotes included. */
  readonly etag: string;
  readonly sizeBytes: number;
  /** CRC-32 in base64, where the store was asked to check it. */
  readonly crc32?: string;
}

export function totalBytes(parts: readonly UploadedPart[]): number {
  return parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** A directory output: below `at.key/` nothing but the attempt's own objects remains after the commit. */
export interface PendingDirectory {
  readonly at: ObjectLocation;
}

/** Where a manifest is; this is what the run store keeps. */
export interface ManifestRef {
  readonly at: ObjectLocation;
  /** Written down before the first upload is completed: from then on some of the outputs may be visible. */
  readonly begun?: true;
}
